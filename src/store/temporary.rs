//! Where temporary databases are: files in one folder of the process, which is in memory where
//! there is room.
//!
//! The folder is removed with the last of them. That of a process which was killed is removed by
//! the next that makes one: whoever lives holds a lock on his.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use tempfile::TempDir;

/// What the names of the folders begin with.
const PREFIX: &str = "slapmaster-worlds-";
/// The system's folder in memory.
const IN_MEMORY: &str = "/dev/shm";
/// How much room has to be there for it to be used, in bytes: containers have 64 MiB, which one
/// large world fills.
const ROOM: u64 = 1 << 30;
/// What SQLite appends to a database's name for the log and its index.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A database file that is removed when this is dropped, with what SQLite keeps beside it.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    path: PathBuf,
    _folder: Arc<Folder>,
}

impl TemporaryFile {
    /// A name that no file has.
    pub(super) fn new() -> Result<Self, (PathBuf, io::Error)> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let folder = Folder::of_process()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            path: folder.path.path().join(format!("{number}.db")),
            _folder: folder,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // One that was never made, or is gone with its folder, is removed as well.
        let _ = fs::remove_file(&self.path);
        for suffix in BESIDE {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            let _ = fs::remove_file(name);
        }
    }
}

#[derive(Debug)]
struct Folder {
    path: TempDir,
    /// Held as long as the folder is there.
    _lock: File,
}

impl Folder {
    /// The folder of this process, which is made if there is none.
    fn of_process() -> Result<Arc<Self>, (PathBuf, io::Error)> {
        static PRESENT: Mutex<Weak<Folder>> = Mutex::new(Weak::new());
        let mut present = PRESENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = present.upgrade() {
            return Ok(folder);
        }
        let folder = Arc::new(Self::make()?);
        *present = Arc::downgrade(&folder);
        Ok(folder)
    }

    fn make() -> Result<Self, (PathBuf, io::Error)> {
        if has_room_in_memory()
            && let Ok(folder) = Self::make_in(Path::new(IN_MEMORY))
        {
            return Ok(folder);
        }
        let place = std::env::temp_dir();
        Self::make_in(&place).map_err(|error| (place, error))
    }

    fn make_in(place: &Path) -> io::Result<Self> {
        remove_left(place);
        loop {
            let path = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
            let lock = File::open(path.path())?;
            lock.lock()?;
            // Another process may have taken it for one that was left before it was locked.
            if path.path().exists() {
                return Ok(Self { path, _lock: lock });
            }
        }
    }
}

/// Whether temporary files belong into memory: nobody said where they belong, and there is room.
fn has_room_in_memory() -> bool {
    std::env::var_os("TMPDIR").is_none()
        && rustix::fs::statvfs(IN_MEMORY)
            .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) >= ROOM)
}

/// Removes the folders of processes that are no more. What cannot be removed stays.
fn remove_left(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(is_ours) {
        if let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_ours(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    name.to_str().is_some_and(|name| name.starts_with(PREFIX))
        && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_left_is_removed_and_one_that_is_used_is_not() {
        let place = tempfile::tempdir().unwrap();
        let left = place.path().join(format!("{PREFIX}left"));
        let other = place.path().join("slapmaster-other");
        for folder in [&left, &other] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("1.db"), "").unwrap();
        }
        let used = Folder::make_in(place.path()).unwrap();
        assert!(!left.exists());
        let second = Folder::make_in(place.path()).unwrap();
        assert!(used.path.path().exists() && second.path.path().exists());
        assert!(other.join("1.db").exists());
    }

    #[test]
    fn a_file_takes_what_is_beside_it_along() {
        let file = TemporaryFile::new().unwrap();
        let path = file.path().to_owned();
        let beside = BESIDE.map(|suffix| PathBuf::from(format!("{}{suffix}", path.display())));
        for name in beside.iter().chain([&path]) {
            fs::write(name, "").unwrap();
        }
        drop(file);
        assert!(!path.exists() && !beside.iter().any(|name| name.exists()));
    }
}
