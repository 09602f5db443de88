//! The file that tells other programs that the server is ready, and how to reach it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A written ready file; dropping it removes the file.
#[derive(Debug)]
pub(super) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Writes the file so that a reader sees all of it or none.
    pub(super) fn write(path: PathBuf, content: &serde_json::Value) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let draft = path.with_file_name(name);
        let written =
            fs::write(&draft, format!("{content}\n")).and_then(|()| fs::rename(&draft, &path));
        match written {
            Ok(()) => Ok(Self(path)),
            Err(error) => {
                remove(&draft);
                Err(error)
            }
        }
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    // It may be gone already, with the directory of a test.
    let _ = fs::remove_file(path);
}
