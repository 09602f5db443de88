//! Rendered documents of instances, kept until the computer that they are on is told something
//! else.
//!
//! The one invariant: a document is kept under the revision of its computer that was read *before*
//! its view was loaded, and is served only while that is the present one.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;

use crate::{
    domain::{
        caller::Caller,
        identifier::{ComputerReference, PartitionAddress},
    },
    master::Master,
};

/// How many bytes of documents a world keeps; beyond that, it begins anew.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What the dialect remembers of a world: rendered documents, nothing that decides. Clones share
/// it.
#[derive(Debug, Clone, Default)]
pub struct JsonRpcState(Arc<RwLock<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    documents: HashMap<Name, Document>,
    bytes: usize,
}

/// By what an instance is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// Its guid, as the caller writes it.
    Guid(String),
    /// Where it is.
    Place(PartitionAddress),
}

#[derive(Debug, Clone)]
struct Document {
    computer: ComputerReference,
    revision: u64,
    body: Bytes,
}

impl JsonRpcState {
    /// The document of this name, if it is still what the caller would be told: on an open
    /// listener everybody, else the computer that it is on.
    pub(super) fn find(&self, master: &Master, caller: &Caller, name: &Name) -> Option<Bytes> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let document = kept.documents.get(name)?;
        let computer = document.computer.as_str();
        let is_present = master.revision(computer) == document.revision;
        (is_present && master.is_told_all_of(caller, computer)).then(|| document.body.clone())
    }

    /// Keeps a document that was rendered from what was loaded after `revision` was read.
    pub(super) fn keep(
        &self,
        name: Name,
        computer: &ComputerReference,
        revision: u64,
        body: &Bytes,
    ) {
        // A computer at revision 0 is not in the master's memory: nobody would tell of a change.
        if revision == 0 {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + body.len() > MAX_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += body.len();
        let document = Document {
            computer: computer.clone(),
            revision,
            body: body.clone(),
        };
        if let Some(before) = kept.documents.insert(name, document) {
            kept.bytes -= before.body.len();
        }
    }
}
