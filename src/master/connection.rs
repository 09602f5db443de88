//! Connection parameters: what an instance publishes for whoever requested it
//! (`semantics.md` 12.1).

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        caller::Caller, identifier::PartitionAddress, parameters::Parameters, permission::Right,
    },
    store,
};

impl Master {
    /// Replaces the connection parameters of the instance on a partition, or of a shared
    /// instance that it hosts. The direct requester is processed anew if they differ.
    pub async fn publish_connection(
        &self,
        caller: Caller,
        at: PartitionAddress,
        shared: Option<String>,
        connection: Parameters,
    ) -> Result<()> {
        self.0
            .operate(
                (caller, at, shared, connection),
                |operation, (caller, at, shared, connection)| {
                    Box::pin(operation.publish(caller, at, shared.as_deref(), connection))
                },
            )
            .await
    }
}

impl Operation<'_> {
    async fn publish(
        &mut self,
        caller: &Caller,
        at: &PartitionAddress,
        shared: Option<&str>,
        connection: &Parameters,
    ) -> Result<()> {
        let who = self.identify(caller).await?;
        let located = self.occupant(at).await?;
        let (id, parent_id, present, reference) = match shared {
            None => {
                let instance = &located.instance;
                let reference = instance.reference.clone();
                (
                    instance.id,
                    instance.parent_id,
                    instance.connection.clone(),
                    reference,
                )
            }
            Some(shared) => {
                let shared = self.shared_instance(&located, at, shared).await?;
                (
                    shared.id,
                    shared.parent_id,
                    shared.connection,
                    shared.reference,
                )
            }
        };
        self.demand_instance(&who, Right::Modify, id, &reference)
            .await?;
        if present == *connection {
            return Ok(());
        }
        store::instance::set_connection(self.tx, id, connection).await?;
        self.touch(Some(located.computer_id));
        self.event(reference.as_str(), "connection parameters were published");
        if let Some(parent_id) = parent_id {
            let parent = store::instance::by_id(self.tx, parent_id).await?;
            self.bang_one(&parent).await?;
        }
        Ok(())
    }
}
