//! What was changed or left out, in words.

/// Notes, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Adds a note.
    pub(super) fn add(&mut self, note: String) {
        self.0.push(note);
    }

    /// Adds a note, unless it was made before.
    pub(super) fn once(&mut self, note: String) {
        if !self.0.contains(&note) {
            self.add(note);
        }
    }
}

impl From<Notes> for Vec<String> {
    fn from(notes: Notes) -> Self {
        notes.0
    }
}
