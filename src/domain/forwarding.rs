//! Other masters, to which requests are forwarded instead of being served here (slapproxy's
//! `[multimaster/<URL>]`, `slap.md` 9.1, C.33).
//!
//! The rule is [`destination`], then [`Destination::settled`] once it is known whether a URL that
//! the SLA names leads back here. What is known here stays here, whatever the rule says.

use std::path::PathBuf;

use super::{
    behaviour::AllocationSla,
    identifier::{PartitionAddress, PartitionReference, SoftwareReleaseUri, Title},
    parameters::Parameters,
};

/// The SLA key by which a request names the master that it is for.
pub const MASTER_URL: &str = "master_url";

/// The SLA key that tells another master which request of ours a root request is: its value is the
/// title that is sent.
pub const SOURCE_INSTANCE_ID: &str = "source_instance_id";

/// What stands for the partition that asks where a person does.
const USER: &str = "user";

/// Another master that requests can be forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherMaster {
    /// Where it is, as it was configured: URLs are compared as texts.
    pub url: String,
    /// The PEM file of the certificate to call it with. An `https` URL needs it and the key.
    pub certificate: Option<PathBuf>,
    /// The PEM file of that certificate's key.
    pub key: Option<PathBuf>,
    /// The releases that are requested there without being asked to by an SLA.
    pub releases: Vec<SoftwareReleaseUri>,
    /// The partition of that master in whose name to request; none for root requests.
    pub requester: Option<PartitionAddress>,
}

impl OtherMaster {
    /// Whether it can be called: over https, with a certificate only.
    pub fn check(&self) -> Result<(), ForwardingRefused> {
        let has_pair = self.certificate.is_some() && self.key.is_some();
        if self.url.starts_with("https") && !has_pair {
            return Err(ForwardingRefused::NoCertificate(self.url.clone()));
        }
        Ok(())
    }
}

/// A request that was forwarded, as it is remembered until the state destroyed is forwarded too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedRequest {
    /// The title that was sent, see [`title_sent`].
    pub title: Title,
    /// The URL of the other master, as it was configured.
    pub master_url: String,
}

/// Why a request is neither served here nor forwarded. Classic: 404, JSON-RPC: 500.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardingRefused {
    /// The SLA names a master that is not configured.
    #[error("the SLA names the master `{0}`, to which nothing is forwarded: it is not listed")]
    NotListed(String),
    /// There is nothing to prove with who calls.
    #[error("the master `{0}` is called over https, and no certificate with its key is configured")]
    NoCertificate(String),
}

/// Where a request goes whose title is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// It is served here.
    Here,
    /// It is for this master, which lists its release.
    Listed(&'a OtherMaster),
    /// It is for the master that its SLA names, unless that is this very one.
    Named {
        /// The URL that the SLA names.
        url: &'a str,
        /// The master that was configured under this URL.
        listed: Option<&'a OtherMaster>,
    },
}

/// Where a request goes, as far as that can be told without asking anybody.
///
/// `own_url` is this master's as the caller knows it, without a final slash. Where no other master
/// is configured, `master_url` counts only if the SLA is read as slapproxy reads it; otherwise it
/// is a key like others.
pub fn destination<'a>(
    masters: &'a [OtherMaster],
    sla: &'a Parameters,
    release: &SoftwareReleaseUri,
    own_url: Option<&str>,
    reading: AllocationSla,
) -> Destination<'a> {
    let is_understood = !masters.is_empty() || reading == AllocationSla::Ignore;
    match sla.get(MASTER_URL).filter(|_| is_understood) {
        Some(url) if Some(url.strip_suffix('/').unwrap_or(url)) == own_url => Destination::Here,
        Some(url) => Destination::Named {
            url,
            listed: masters.iter().find(|master| master.url == url),
        },
        None => masters
            .iter()
            .find(|master| master.releases.contains(release))
            .map_or(Destination::Here, Destination::Listed),
    }
}

impl<'a> Destination<'a> {
    /// The other master, or none for this one; `is_own` says whether a URL that the SLA names
    /// turned out to be this master's.
    pub fn settled(self, is_own: bool) -> Result<Option<&'a OtherMaster>, ForwardingRefused> {
        let other = match self {
            Self::Here => return Ok(None),
            Self::Named { .. } if is_own => return Ok(None),
            Self::Listed(other) => other,
            Self::Named { url, listed } => {
                listed.ok_or_else(|| ForwardingRefused::NotListed(url.to_owned()))?
            }
        };
        other.check()?;
        Ok(Some(other))
    }
}

/// The title under which another master knows a request: the partition that asks, or `user`, and
/// the title here.
pub fn title_sent(requester: Option<&PartitionReference>, title: &Title) -> Title {
    let requester = requester.map_or(USER, PartitionReference::as_str);
    Title::trusted(format!("{requester}_{title}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const B: &str = "http://b.example/";
    const C: &str = "https://c.example/";

    fn other(url: &str, releases: &[&str]) -> OtherMaster {
        OtherMaster {
            url: url.to_owned(),
            certificate: None,
            key: None,
            releases: releases.iter().map(|r| release(r)).collect(),
            requester: None,
        }
    }

    fn release(url: &str) -> SoftwareReleaseUri {
        SoftwareReleaseUri::trusted(url.to_owned())
    }

    /// Where a request goes from a master at `http://a.example:5000`: `here`, a URL, or why not.
    fn goes(masters: &[OtherMaster], named: Option<&str>, url: &str, is_own: bool) -> String {
        let mut sla = Parameters::new();
        if let Some(named) = named {
            sla.insert(MASTER_URL, named);
        }
        let own = Some("http://a.example:5000");
        let release = release(url);
        let reading = AllocationSla::Full;
        match destination(masters, &sla, &release, own, reading).settled(is_own) {
            Ok(None) => "here".to_owned(),
            Ok(Some(other)) => other.url.clone(),
            Err(ForwardingRefused::NotListed(_)) => "not listed".to_owned(),
            Err(ForwardingRefused::NoCertificate(_)) => "no certificate".to_owned(),
        }
    }

    #[test]
    fn the_sla_decides_then_the_first_list_that_holds_the_release() {
        let masters = [
            other(B, &["one", "both"]),
            other("http://d.example", &["two", "both"]),
        ];
        for (named, release, is_own, expected) in [
            (None, "none", false, "here"),
            (None, "one", false, B),
            (None, "two", false, "http://d.example"),
            (None, "both", false, B),
            (Some(""), "one", false, B),
            (Some(B), "none", false, B),
            (Some("http://d.example"), "one", false, "http://d.example"),
            // As texts: a slash more or less names another.
            (Some("http://d.example/"), "one", false, "not listed"),
            (Some("http://b.example"), "one", false, "not listed"),
            (Some("http://a.example:5000/"), "one", false, "here"),
            (Some("http://a.example:5000"), "one", false, "here"),
            (Some("http://alias.example/"), "one", true, "here"),
            (Some(B), "one", true, "here"),
        ] {
            assert_eq!(
                goes(&masters, named, release, is_own),
                expected,
                "{named:?} {release}"
            );
        }
    }

    #[test]
    fn over_https_there_must_be_a_certificate_and_its_key() {
        let with = |certificate: Option<&str>, key: Option<&str>| OtherMaster {
            certificate: certificate.map(PathBuf::from),
            key: key.map(PathBuf::from),
            ..other(C, &["one"])
        };
        for (certificate, key, expected) in [
            (None, None, "no certificate"),
            (Some("c"), None, "no certificate"),
            (None, Some("k"), "no certificate"),
            (Some("c"), Some("k"), C),
        ] {
            let masters = [with(certificate, key)];
            assert_eq!(goes(&masters, None, "one", false), expected);
            assert_eq!(goes(&masters, Some(C), "none", false), expected);
        }
    }

    #[test]
    fn without_other_masters_only_slapproxys_sla_knows_the_key() {
        let mut sla = Parameters::new();
        sla.insert(MASTER_URL, B);
        let release = release("one");
        let full = destination(&[], &sla, &release, None, AllocationSla::Full);
        assert_eq!(full, Destination::Here);
        let proxy = destination(&[], &sla, &release, None, AllocationSla::Ignore);
        let refused = ForwardingRefused::NotListed(B.to_owned());
        assert_eq!(proxy.settled(false), Err(refused));
    }

    #[test]
    fn the_title_sent_says_who_asks() {
        let title = Title::trusted("web".to_owned());
        let partition = PartitionReference::trusted("slappart3".to_owned());
        assert_eq!(title_sent(None, &title).as_str(), "user_web");
        assert_eq!(
            title_sent(Some(&partition), &title).as_str(),
            "slappart3_web"
        );
    }
}
