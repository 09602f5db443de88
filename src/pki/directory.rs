//! An authority that lives in a directory: `--ca-dir`, reused across runs and worlds.
//!
//! The one invariant: what is there is never overwritten. Start at [`open`].

use std::{
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{Authority, PkiError, date};
use crate::domain::{certificate::CertificateSerial, time::Timestamp};

/// The authority's certificate, for everybody to read.
const CERTIFICATE: &str = "ca.crt";
/// Its private key, for its owner alone.
const KEY: &str = "ca.key";

/// Why a directory gives no authority. Whatever the reason, what is in it is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The system refused.
    #[error("cannot {action} `{}`: {cause}\nhint: give a --ca-dir that this user may {action}", path.display())]
    System {
        /// What was refused.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// One of the two files is missing.
    #[error("`{}` is there, but `{}` is not\nhint: put the missing file back, or give another --ca-dir, where a new certificate authority is made", present.display(), missing.display())]
    Incomplete {
        /// The file that is there.
        present: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
    /// A file does not hold what it should.
    #[error("`{}`: {cause}\nhint: put the right file there, or give another --ca-dir, where a new certificate authority is made", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: PkiError,
    },
    /// The authority's time is over.
    #[error("`{}`: the certificate authority expired on {}, and the world's clock shows {}\nhint: give another --ca-dir, where a new one is made, or set the world's clock back", path.display(), date::shown(*until), date::shown(*now))]
    Expired {
        /// Its certificate.
        path: PathBuf,
        /// Until when it counted.
        until: Timestamp,
        /// The world's time.
        now: Timestamp,
    },
    /// The authority's time has not come.
    #[error("`{}`: the certificate authority counts from {}, and the world's clock shows {}\nhint: give another --ca-dir, where a new one is made, or set the world's clock forward", path.display(), date::shown(*from), date::shown(*now))]
    NotYetValid {
        /// Its certificate.
        path: PathBuf,
        /// From when it counts.
        from: Timestamp,
        /// The world's time.
        now: Timestamp,
    },
    /// The world already has an authority, and it is another.
    #[error("`{}` has the serial number {found}, but the world's certificate authority has {kept}\nhint: give the --ca-dir that the world began with, an empty one to have its authority written there, or another database", path.display())]
    OtherAuthority {
        /// The certificate in the directory.
        path: PathBuf,
        /// Its serial number.
        found: CertificateSerial,
        /// That of the world's own.
        kept: CertificateSerial,
    },
    /// No authority could be made.
    #[error(
        "cannot make a certificate authority: {0}\nhint: set the world's clock to a time from 1970 to 9979"
    )]
    Make(PkiError),
}

/// The authority in `dir`, which is made if it is missing.
///
/// An empty directory is given the authority that the world has `kept`, or a new one. Whoever does
/// so at the same moment ends with the same authority.
pub fn open(
    dir: &Path,
    kept: Option<&Authority>,
    now: Timestamp,
) -> Result<Authority, DirectoryError> {
    let paths = Paths {
        certificate: dir.join(CERTIFICATE),
        key: dir.join(KEY),
    };
    if !is_there(&paths.certificate)? || !is_there(&paths.key)? {
        fs::create_dir_all(dir).map_err(|cause| system("write", dir, cause))?;
        fill(dir, &paths, kept, now)?;
    }
    let authority = read(&paths)?;
    if let Some(kept) = kept.filter(|kept| kept.certificate_der() != authority.certificate_der()) {
        return Err(DirectoryError::OtherAuthority {
            path: paths.certificate,
            found: authority.serial().clone(),
            kept: kept.serial().clone(),
        });
    }
    check_time(&authority, &paths, now)?;
    Ok(authority)
}

/// Where the two files are.
struct Paths {
    certificate: PathBuf,
    key: PathBuf,
}

fn system(action: &'static str, path: &Path, cause: io::Error) -> DirectoryError {
    DirectoryError::System {
        action,
        path: path.to_owned(),
        cause,
    }
}

/// Whether something of this name is there, be it a link to nowhere.
fn is_there(path: &Path) -> Result<bool, DirectoryError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(system("read", path, cause)),
    }
}

/// Puts an authority into the directory, unless somebody else did in the meantime.
fn fill(
    dir: &Path,
    paths: &Paths,
    kept: Option<&Authority>,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let lock = File::open(dir).map_err(|cause| system("read", dir, cause))?;
    // Held until the end: who waits here finds both files. A file system without locks costs only
    // that somebody who comes in between the two is refused; nothing is overwritten there either.
    let _ = lock.lock();
    match (is_there(&paths.certificate)?, is_there(&paths.key)?) {
        (true, true) => return Ok(()),
        (true, false) => return Err(incomplete(&paths.certificate, &paths.key)),
        (false, true) => return Err(incomplete(&paths.key, &paths.certificate)),
        (false, false) => {}
    }
    let made;
    let authority = if let Some(kept) = kept {
        check_time(kept, paths, now)?;
        kept
    } else {
        made = Authority::create(now).map_err(DirectoryError::Make)?;
        &made
    };
    // The certificate comes last: a directory that has one is complete.
    if put(dir, &paths.key, authority.key_pem().expose(), 0o600)? {
        put(dir, &paths.certificate, authority.certificate_pem(), 0o644)?;
    }
    lock.sync_all().map_err(|cause| system("write", dir, cause))
}

fn incomplete(present: &Path, missing: &Path) -> DirectoryError {
    DirectoryError::Incomplete {
        present: present.to_owned(),
        missing: missing.to_owned(),
    }
}

/// Puts a whole file in its place; false if there is one already, which stays.
fn put(dir: &Path, path: &Path, text: &str, mode: u32) -> Result<bool, DirectoryError> {
    let written = || -> io::Result<_> {
        let mut file = tempfile::Builder::new().prefix(".ca-").tempfile_in(dir)?;
        file.as_file()
            .set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    let file = written().map_err(|cause| system("write", dir, cause))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(system("write", path, error.error)),
    }
}

fn read(paths: &Paths) -> Result<Authority, DirectoryError> {
    let text = |path: &Path| {
        fs::read(path)
            // What is not text is no PEM either, and is said to be broken for that.
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|cause| system("read", path, cause))
    };
    let certificate = text(&paths.certificate)?;
    let key = text(&paths.key)?;
    Authority::from_pem(&certificate, &key).map_err(|cause| DirectoryError::Broken {
        path: if cause.is_about_key() {
            paths.key.clone()
        } else {
            paths.certificate.clone()
        },
        cause,
    })
}

fn check_time(authority: &Authority, paths: &Paths, now: Timestamp) -> Result<(), DirectoryError> {
    let validity = authority.validity();
    let path = paths.certificate.clone();
    if now.as_seconds() > validity.not_after.as_seconds() {
        let until = validity.not_after;
        return Err(DirectoryError::Expired { path, until, now });
    }
    if now.as_seconds() < validity.not_before.as_seconds() {
        let from = validity.not_before;
        return Err(DirectoryError::NotYetValid { path, from, now });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use tempfile::TempDir;

    use super::*;
    use crate::pki::samples::{NOW, authority, computer};

    /// A directory with an authority in it.
    fn filled() -> (TempDir, Authority) {
        let dir = tempfile::tempdir().unwrap();
        let authority = open(dir.path(), None, NOW).unwrap();
        (dir, authority)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Opening must fail with these words, and leave both files as they are.
    fn check_refused(dir: &Path, kept: Option<&Authority>, now: Timestamp, words: &[&str]) {
        let read = |name| fs::read(dir.join(name)).ok();
        let before = (read(CERTIFICATE), read(KEY));
        let error = open(dir, kept, now).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is missing: {error}");
        }
        assert!(error.contains("\nhint: "), "no way out is named: {error}");
        assert!(!error.contains("PRIVATE"), "{error}");
        assert_eq!((read(CERTIFICATE), read(KEY)), before, "{error}");
    }

    #[test]
    fn a_directory_that_is_missing_is_made_and_filled() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        let made = open(&dir, None, NOW).unwrap();
        assert_eq!(names(&dir), [CERTIFICATE, KEY]);
        assert_eq!(
            (mode(&dir.join(KEY)), mode(&dir.join(CERTIFICATE))),
            (0o600, 0o644)
        );
        assert_eq!(
            fs::read_to_string(dir.join(CERTIFICATE)).unwrap(),
            made.certificate_pem()
        );
        let again = open(&dir, None, NOW).unwrap();
        assert_eq!(again.certificate_der(), made.certificate_der());
        assert_eq!(again.key_pem(), made.key_pem());
    }

    #[test]
    fn an_empty_directory_is_given_the_worlds_own_authority() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("README"), "somebody else's").unwrap();
        let kept = authority();
        let opened = open(dir.path(), Some(&kept), NOW).unwrap();
        assert_eq!(opened.certificate_der(), kept.certificate_der());
        assert_eq!(opened.key_pem(), kept.key_pem());
        assert_eq!(names(dir.path()), ["README", CERTIFICATE, KEY]);
        assert!(open(dir.path(), Some(&kept), NOW).is_ok());
    }

    #[test]
    fn another_authority_than_the_worlds_is_refused_with_both_serial_numbers() {
        let (dir, found) = filled();
        let kept = authority();
        let words = ["ca.crt", found.serial().as_str(), kept.serial().as_str()];
        check_refused(dir.path(), Some(&kept), NOW, &words);
    }

    #[test]
    fn one_file_without_the_other_is_refused() {
        for (present, missing) in [(CERTIFICATE, KEY), (KEY, CERTIFICATE)] {
            let (dir, _) = filled();
            fs::remove_file(dir.path().join(missing)).unwrap();
            let present = dir.path().join(present).display().to_string();
            let missing = dir.path().join(missing).display().to_string();
            let words = [
                format!("`{present}` is there"),
                format!("`{missing}` is not"),
            ];
            check_refused(dir.path(), None, NOW, &[&words[0], &words[1]]);
            assert_eq!(names(dir.path()).len(), 1);
        }
    }

    #[test]
    fn a_broken_file_is_refused_by_its_name() {
        let other = authority();
        let leaf = other.issue(&computer("COMP-7"), NOW).unwrap();
        let other_key = other.key_pem();
        for (name, content, reason) in [
            (CERTIFICATE, "".as_bytes(), "0 certificates"),
            (CERTIFICATE, b"\xff\xfe\0", "0 certificates"),
            (CERTIFICATE, leaf.certificate_pem.as_bytes(), "CA:TRUE"),
            (KEY, b"", "PKCS#8"),
            (KEY, b"\xff\xfe\0", "PKCS#8"),
            (KEY, other_key.expose().as_bytes(), "does not belong"),
        ] {
            let (dir, _) = filled();
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            let words = [&path.display().to_string(), reason];
            check_refused(dir.path(), None, NOW, &words);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_with_the_systems_reason() {
        for name in [CERTIFICATE, KEY] {
            let (dir, _) = filled();
            let path = dir.path().join(name);
            fs::remove_file(&path).unwrap();
            // A folder in a file's place cannot be read by anybody, not even by root.
            fs::create_dir(&path).unwrap();
            let shown = format!("cannot read `{}`", path.display());
            check_refused(dir.path(), None, NOW, &[&shown, "directory"]);
            fs::remove_dir(&path).unwrap();
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            check_refused(dir.path(), None, NOW, &[&shown]);
        }
    }

    #[test]
    fn a_file_in_the_directorys_place_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "somebody's").unwrap();
        for dir in [path.clone(), path.join("below")] {
            check_refused(&dir, None, NOW, &["file"]);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
    }

    #[test]
    fn an_authority_whose_time_is_over_or_has_not_come_is_refused() {
        let (dir, authority) = filled();
        let validity = authority.validity();
        for second in [validity.not_before, validity.not_after] {
            assert!(open(dir.path(), None, second).is_ok());
        }
        let late = validity.not_after.plus_micros(1_000_000);
        let words = ["expired on Nov ", "the world's clock shows Nov "];
        check_refused(dir.path(), None, late, &words);
        let early = validity.not_before.plus_micros(-1);
        let words = [
            "counts from Nov 23 07:00:00 2026 GMT",
            "Nov 23 06:59:59 2026",
        ];
        check_refused(dir.path(), None, early, &words);

        let empty = tempfile::tempdir().unwrap();
        check_refused(empty.path(), Some(&authority), late, &["expired on"]);
        assert!(names(empty.path()).is_empty());
        let never = Timestamp::from_seconds(-1);
        check_refused(empty.path(), None, never, &["from 1970 to 9999"]);
        assert!(names(empty.path()).is_empty());
    }

    #[test]
    fn all_who_fill_a_directory_at_once_end_with_the_same_authority() {
        for _ in 0..8 {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("new");
            let start = Barrier::new(8);
            let found: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            open(&dir, None, NOW).unwrap()
                        })
                    })
                    .collect();
                threads.into_iter().map(|one| one.join().unwrap()).collect()
            });
            for authority in &found {
                assert_eq!(authority.certificate_der(), found[0].certificate_der());
                assert_eq!(authority.key_pem(), found[0].key_pem());
            }
            assert_eq!(names(&dir), [CERTIFICATE, KEY]);
        }
    }
}
