//! What a configuration says of a world at each start, whatever the world holds by then.

use std::path::Path;

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        identifier::{ProductReference, SoftwareReleaseUri},
        local_release::{ReleaseRoot, RootMove},
        product::ProductRelease,
    },
    store,
};

/// What becomes of a local release when the folder that it is below moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseMove {
    /// It is named by its new path.
    To(SoftwareReleaseUri),
    /// It keeps its name, since there is a file of that name and none at its new path.
    Kept,
}

/// Whether there is a file at this path.
pub type IsFile = fn(&Path) -> bool;

impl Master {
    /// Has these products, each with its one release, take the place of those that were last
    /// configured, and of others of their names.
    pub async fn configure_products(
        &self,
        products: Vec<(ProductReference, SoftwareReleaseUri)>,
    ) -> Result<()> {
        self.0
            .operate(products, |operation, products| {
                Box::pin(operation.configure_products(products))
            })
            .await
    }

    /// Says below which folder local releases are. If that moved, they move with it, wherever one
    /// is named: in software, instances and trees (`slap.md` 9.3). Returns what became of each.
    ///
    /// Meant for the time before the world is served: slapproxy does it at the first request, and
    /// no client can tell that from now.
    pub async fn move_local_releases(
        &self,
        root: ReleaseRoot,
        is_file: IsFile,
    ) -> Result<Vec<(SoftwareReleaseUri, ReleaseMove)>> {
        self.0
            .operate((root, is_file), |operation, (root, is_file)| {
                Box::pin(operation.move_local_releases(root, *is_file))
            })
            .await
    }
}

impl Operation<'_> {
    async fn configure_products(
        &mut self,
        products: &[(ProductReference, SoftwareReleaseUri)],
    ) -> Result<()> {
        let references: Vec<&str> = products.iter().map(|(name, _)| name.as_str()).collect();
        store::product::forget_configured(self.tx, &references).await?;
        let project = self.default_project();
        for (reference, release) in products {
            let id = store::product::insert(self.tx, reference.as_str(), project.id).await?;
            store::product::set_configured(self.tx, id).await?;
            let release = ProductRelease {
                uri: release.clone(),
                effective_at: self.now,
            };
            store::product::insert_release(self.tx, id, &release).await?;
        }
        Ok(())
    }

    async fn move_local_releases(
        &mut self,
        root: &ReleaseRoot,
        is_file: IsFile,
    ) -> Result<Vec<(SoftwareReleaseUri, ReleaseMove)>> {
        let before = store::release::root(self.tx).await?;
        if before == *root {
            return Ok(Vec::new());
        }
        store::release::set_root(self.tx, root).await?;
        let Some(moved) = RootMove::between(&before, root) else {
            return Ok(Vec::new());
        };
        let mut became = Vec::new();
        for release in store::release::local(self.tx).await? {
            let Some(target) = moved.target(release.as_str()) else {
                continue;
            };
            if !is_file(&target) && is_file(Path::new(release.as_str())) {
                became.push((release, ReleaseMove::Kept));
                continue;
            }
            let target = SoftwareReleaseUri::trusted(target.to_string_lossy().into_owned());
            store::release::rename(self.tx, &release, &target).await?;
            became.push((release, ReleaseMove::To(target)));
        }
        if !became.is_empty() {
            for (_, computer) in store::computer::all_live(self.tx).await? {
                self.touch(Some(computer.id));
            }
        }
        Ok(became)
    }
}
