//! A request as the client's `request()` makes it.

use axum::{body::Body, http};
use slapmaster::xml::marshal;

use super::{RELEASE, dictionary, form};

/// What the client's `request()` sends: a software instance of [`RELEASE`], type `default`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    title: String,
    release: String,
    software_type: String,
    parameters: Vec<(String, String)>,
    sla: Vec<(String, String)>,
    state: Option<String>,
    shared: bool,
    by: Option<(String, String)>,
    header_only: bool,
}

impl Request {
    /// A root request by the user.
    pub(crate) fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            release: RELEASE.to_owned(),
            software_type: "default".to_owned(),
            parameters: Vec::new(),
            sla: Vec::new(),
            state: None,
            shared: false,
            by: None,
            header_only: false,
        }
    }

    /// Another release.
    pub(crate) fn release(mut self, url: &str) -> Self {
        url.clone_into(&mut self.release);
        self
    }

    /// Another software type.
    pub(crate) fn software_type(mut self, software_type: &str) -> Self {
        software_type.clone_into(&mut self.software_type);
        self
    }

    /// One parameter.
    pub(crate) fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.push((key.to_owned(), value.to_owned()));
        self
    }

    /// One key of the SLA.
    pub(crate) fn sla(mut self, key: &str, value: &str) -> Self {
        self.sla.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The state that is wanted.
    pub(crate) fn state(mut self, state: &str) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    /// A shared instance.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// By the instance on a partition, in the header alone.
    pub(crate) fn by_header_only(mut self, computer: &str, partition: &str) -> Self {
        self.header_only = true;
        self.by(computer, partition)
    }

    /// By the instance on a partition: in the form and in the header, as the client does.
    pub(crate) fn by(mut self, computer: &str, partition: &str) -> Self {
        self.by = Some((computer.to_owned(), partition.to_owned()));
        self
    }

    pub(crate) fn to_http(&self) -> http::Request<Body> {
        let fields = self.fields();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let by = self.by.as_ref().map(|(c, p)| (c.as_str(), p.as_str()));
        form("requestComputerPartition", by, &fields)
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("partition_reference", self.title.clone()),
            ("software_release", self.release.clone()),
            ("software_type", self.software_type.clone()),
            ("partition_parameter_xml", dictionary(&self.parameters)),
            ("filter_xml", dictionary(&self.sla)),
            ("state", marshal::write(&self.state.as_ref().into())),
            ("shared_xml", marshal::write(&self.shared.into())),
        ];
        if let Some((computer, partition)) = &self.by
            && !self.header_only
        {
            fields.push(("computer_id", computer.clone()));
            fields.push(("computer_partition_id", partition.clone()));
        }
        fields
    }
}
