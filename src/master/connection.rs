//! Connection parameters: what an instance publishes for whoever requested it
//! (`semantics.md` 12.1).

use super::{Master, Result, operation::Operation};
use crate::{
    domain::{
        caller::Caller, event::EventKind, instance::InstanceName, parameters::Parameters,
        permission::Right,
    },
    store,
};

/// What became of connection parameters that were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// They are others than before.
    Changed,
    /// They are what they were.
    Same,
}

impl Master {
    /// Replaces the connection parameters of an instance. The direct requester is processed anew
    /// if they differ.
    pub async fn publish_connection(
        &self,
        caller: Caller,
        name: impl Into<InstanceName>,
        connection: Parameters,
    ) -> Result<Published> {
        self.0
            .operate(
                (caller, name.into(), connection),
                |operation, (caller, name, connection)| {
                    Box::pin(operation.publish(caller, name, connection))
                },
            )
            .await
    }
}

impl Operation<'_> {
    pub(super) async fn publish(
        &mut self,
        caller: &Caller,
        name: &InstanceName,
        connection: &Parameters,
    ) -> Result<Published> {
        let who = self.identify(caller).await?;
        let subject = self.subject(&who, name).await?;
        self.demand_instance(&who, Right::Modify, subject.id, &subject.reference)
            .await?;
        if subject.connection == *connection {
            return Ok(Published::Same);
        }
        store::instance::set_connection(self.tx, subject.id, connection).await?;
        self.touch_told(subject.computer_id);
        // Their names alone: a value may be a password.
        let names: Vec<&str> = connection.iter().map(|(name, _)| name).collect();
        let words = match names.as_slice() {
            [] => "publishes nothing any more".to_owned(),
            names => format!("published connection parameters: {}", names.join(", ")),
        };
        self.instance_event(EventKind::ConnectionPublished, subject.id, words)
            .await?;
        if let Some(parent_id) = subject.parent_id {
            let parent = store::instance::by_id(self.tx, parent_id).await?;
            self.bang_one(&parent).await?;
        }
        Ok(Published::Changed)
    }
}
