//! Instance trees with their instances, for who looks at the whole world.

use std::collections::HashMap;

use super::{Master, MasterError, Result};
use crate::{
    domain::{
        forest::{TreeFilter, TreeRecord},
        identifier::TreeReference,
        text::InvalidValue,
    },
    store,
};

impl Master {
    /// At most `most` trees that a filter admits, oldest first, behind the one of the reference
    /// `after`, each with all its live instances; whoever owns them.
    ///
    /// An `after` that no tree ever had is refused.
    pub async fn forest(
        &self,
        filter: &TreeFilter,
        after: Option<&TreeReference>,
        most: usize,
    ) -> Result<Vec<TreeRecord>> {
        let mut tx = self.0.store.read().await?;
        let after = match after {
            None => 0,
            Some(reference) => store::forest::row(&mut tx, reference)
                .await?
                .ok_or_else(|| unknown(reference))?,
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let found = store::forest::trees(&mut tx, filter, after, most).await?;
        let (rows, mut trees): (Vec<i64>, Vec<TreeRecord>) = found.into_iter().unzip();
        let places: HashMap<i64, usize> = rows.iter().copied().zip(0..).collect();
        for (row, instance) in store::forest::instances(&mut tx, &rows).await? {
            if let Some(tree) = places.get(&row).and_then(|place| trees.get_mut(*place)) {
                tree.instances.push(instance);
            }
        }
        Ok(trees)
    }
}

fn unknown(reference: &TreeReference) -> MasterError {
    let reason = format!("is `{reference}`, which no instance tree ever was");
    InvalidValue::new("after", reason).into()
}
