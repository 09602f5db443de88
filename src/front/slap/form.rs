//! The parameters of a classic call, as the values that they stand for.

use crate::{
    domain::{
        identifier::{
            ComputerReference, PartitionAddress, PartitionReference, SoftwareReleaseUri, Title,
        },
        parameters::Parameters,
        text::InvalidValue,
    },
    xml::marshal::{self, MarshalError, Value},
};

pub(super) use crate::front::form::Form;

use super::error::SlapError;

impl Form {
    /// The reference of a computer.
    pub(super) fn computer(&self, name: &str) -> Result<ComputerReference, InvalidValue> {
        ComputerReference::parse(name, self.required(name)?)
    }

    /// The partition that `computer_id` and `computer_partition_id` name.
    pub(super) fn partition(&self) -> Result<PartitionAddress, InvalidValue> {
        self.partition_at("computer_id", "computer_partition_id")
    }

    /// The partition that the two parameters name.
    pub(super) fn partition_at(
        &self,
        computer: &str,
        partition: &str,
    ) -> Result<PartitionAddress, InvalidValue> {
        Ok(PartitionAddress {
            computer: self.computer(computer)?,
            partition: PartitionReference::parse(partition, self.required(partition)?)?,
        })
    }

    /// A software release.
    pub(super) fn release(&self, name: &str) -> Result<SoftwareReleaseUri, InvalidValue> {
        SoftwareReleaseUri::parse(name, self.required(name)?)
    }

    /// The title of an instance.
    pub(super) fn title(&self, name: &str) -> Result<Title, InvalidValue> {
        Title::parse(name, self.required(name)?)
    }

    /// The marshalled value of a parameter, if it was sent.
    ///
    /// Errors: larger than 8 MiB: 413; no value that is read: 400.
    pub(super) fn value(&self, name: &str) -> Result<Option<Value<'static>>, SlapError> {
        let Some(text) = self.optional(name)? else {
            return Ok(None);
        };
        marshal::read(text).map(Some).map_err(|error| {
            if matches!(error, MarshalError::TooLarge { .. }) {
                SlapError::TooLarge(format!("`{name}`: {error}"))
            } else {
                InvalidValue::new(name, error.to_string()).into()
            }
        })
    }

    /// The marshalled value of a parameter, which must be there.
    pub(super) fn required_value(&self, name: &str) -> Result<Value<'static>, SlapError> {
        self.value(name)?.ok_or_else(|| {
            InvalidValue::new(name, "is missing, a marshalled value was expected").into()
        })
    }

    /// The marshalled dictionary of a parameter; `None` when it was not sent or holds nothing.
    pub(super) fn parameters(&self, name: &str) -> Result<Option<Parameters>, SlapError> {
        match self.value(name)? {
            None | Some(Value::None) => Ok(None),
            Some(value) => Ok(Some(value.into_parameters(name)?)),
        }
    }
}
