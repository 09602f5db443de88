//! Local software releases: profiles that are named by their path, below a folder that may move
//! (`slap.md` 9.3).

use std::path::{Component, Path, PathBuf};

/// The folder that local releases are below: absolute, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRoot(PathBuf);

impl Default for ReleaseRoot {
    /// The root of the file system: what slapproxy assumes where nothing is configured.
    fn default() -> Self {
        Self(PathBuf::from("/"))
    }
}

impl ReleaseRoot {
    /// The folder of an absolute path; none for a relative one.
    pub fn new(path: &Path) -> Option<Self> {
        path.is_absolute().then(|| Self(normal(path)))
    }

    /// The folder.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

/// A root that moved to where neither place is in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootMove {
    from: ReleaseRoot,
    to: ReleaseRoot,
}

impl RootMove {
    /// The move between two roots; none where nothing moves, because one contains the other.
    pub fn between(from: &ReleaseRoot, to: &ReleaseRoot) -> Option<Self> {
        let contained = from.0.starts_with(&to.0) || to.0.starts_with(&from.0);
        (!contained).then(|| Self {
            from: from.clone(),
            to: to.clone(),
        })
    }

    /// Where a release is to be after the move; none for one that is a URL, or was not below the
    /// old root.
    pub fn target(&self, release: &str) -> Option<PathBuf> {
        let path = Path::new(release);
        if !path.is_absolute() {
            return None;
        }
        let below = normal(path).strip_prefix(&self.from.0).ok()?.to_owned();
        Some(self.to.0.join(below))
    }
}

/// The path without `.` and `..`, links not followed.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                // Above the root is the root.
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(path: &str) -> ReleaseRoot {
        ReleaseRoot::new(Path::new(path)).unwrap()
    }

    #[test]
    fn a_release_keeps_its_path_below_the_root() {
        let moved = RootMove::between(&root("/srv/one"), &root("/srv/two/")).unwrap();
        for (release, expected) in [
            ("/srv/one/a/software.cfg", Some("/srv/two/a/software.cfg")),
            ("/srv//one/./b/../a.cfg", Some("/srv/two/a.cfg")),
            ("/srv/one/../three/a.cfg", None),
            ("/srv/onesoftware.cfg", None),
            ("https://example.org/srv/one/a.cfg", None),
            ("srv/one/a.cfg", None),
        ] {
            let target = moved.target(release);
            assert_eq!(target.as_deref(), expected.map(Path::new), "{release}");
        }
    }

    #[test]
    fn nothing_moves_between_a_folder_and_one_in_it() {
        for (from, to) in [
            ("/", "/srv"),
            ("/srv", "/"),
            ("/srv/a", "/srv"),
            ("/srv", "/srv/./"),
        ] {
            assert_eq!(
                RootMove::between(&root(from), &root(to)),
                None,
                "{from} {to}"
            );
        }
        assert!(RootMove::between(&root("/srv/a"), &root("/srv/ab")).is_some());
        assert_eq!(ReleaseRoot::new(Path::new("srv")), None);
        assert_eq!(root("/../srv"), root("/srv"));
    }
}
