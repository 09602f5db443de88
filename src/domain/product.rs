//! Software products: named lists of software releases.

use super::{
    identifier::{ProductReference, SoftwareReleaseUri},
    time::Timestamp,
};

/// Which product's releases are asked for (`getSoftwareReleaseListFromSoftwareProduct`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductQuery {
    /// The product of this reference; an unknown one has no releases.
    Product(ProductReference),
    /// The product that this release belongs to; an unknown one is not found.
    Release(SoftwareReleaseUri),
}

/// A release of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRelease {
    /// The software release.
    pub uri: SoftwareReleaseUri,
    /// From when it is offered; its creation where no date was set.
    pub effective_at: Timestamp,
}

/// The releases newest first, those dated in the future last (`semantics.md` 12.4).
pub fn newest_first(mut releases: Vec<ProductRelease>, now: Timestamp) -> Vec<SoftwareReleaseUri> {
    releases.sort_by_key(|release| {
        (
            release.effective_at > now,
            std::cmp::Reverse(release.effective_at),
        )
    });
    releases.into_iter().map(|release| release.uri).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `semantics.md` B.115.
    #[test]
    fn a_release_dated_tomorrow_comes_last() {
        let release = |name: &str, day: i64| ProductRelease {
            uri: SoftwareReleaseUri::trusted(name.to_owned()),
            effective_at: Timestamp::from_seconds(day * 86_400),
        };
        let list = newest_first(
            vec![
                release("tomorrow", 11),
                release("yesterday", 9),
                release("today", 10),
            ],
            Timestamp::from_seconds(10 * 86_400 + 60),
        );
        let names: Vec<_> = list.iter().map(SoftwareReleaseUri::as_str).collect();
        assert_eq!(names, ["today", "yesterday", "tomorrow"]);
    }
}
