//! A call as fault rules see it: who makes it, what it names, what it is about.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::{
    body::Bytes,
    http::{header, request::Parts},
};

use crate::{
    domain::{
        call::{CallerKind, Dialect},
        caller::Caller,
        certificate::CertificateSubject,
        identifier::{ComputerReference, PartitionAddress, PartitionReference},
        instance::InstanceName,
    },
    front::{AppState, calling::Calling, log::CallFacts},
    master::InstanceView,
    mock::faults::{Call, Interest},
};

use super::{Forms, Named};

/// A call as it was made.
pub(super) struct Asked<'r> {
    /// What it is asked of.
    pub(super) app: &'r AppState,
    /// The forms of its dialect.
    pub(super) forms: &'r Forms,
    /// Its name.
    pub(super) call: &'static str,
    /// Its head.
    pub(super) parts: &'r Parts,
    /// Its body.
    pub(super) body: &'r Bytes,
}

impl Asked<'_> {
    /// What rules look at; the world is asked for no more than they are interested in.
    pub(super) async fn described(&self, interest: Interest) -> Call {
        let mut named = (self.forms.named)(self.call, self.parts, self.body);
        let calling = Calling::of(self.app, self.parts);
        let caller = if interest.caller {
            self.caller(&calling, &named).await
        } else {
            (CallerKind::Anonymous, Vec::new())
        };
        let is_known = named.title.is_some() && named.computer.is_some();
        if interest.instance
            && !is_known
            && let Some(name) = &named.instance
            && let Some(view) = self.instance(name).await
        {
            named.title = named.title.or(Some(view.title.as_str().to_owned()));
            if let (None, Some(at)) = (&named.computer, view.at) {
                named.computer = Some(at.computer.as_str().to_owned());
                named.partition = Some(at.partition.as_str().to_owned());
            }
        }
        // Whoever says by the header alone where it is.
        if let (None, Some(at)) = (&named.computer, calling.partition()) {
            named.computer = Some(at.computer.as_str().to_owned());
            named.partition = Some(at.partition.as_str().to_owned());
        }
        let content = if interest.content { self.content() } else { 0 };
        Call {
            dialect: self.forms.dialect,
            name: self.call,
            caller_kind: caller.0,
            caller_references: caller.1,
            computer: named.computer,
            partition: named.partition,
            title: named.title,
            content,
        }
    }

    /// What is known of it, for its log line and the journal, where nobody else looks at it.
    pub(super) fn facts(&self, described: &Call) -> CallFacts {
        let named = (self.forms.named)(self.call, self.parts, self.body);
        let guid = match named.instance {
            Some(InstanceName::HostedOn(_, guid) | InstanceName::Guid(guid)) => Some(guid),
            Some(InstanceName::On(_)) | None => None,
        };
        CallFacts {
            caller: self.caller_in_words(),
            computer: described.computer.clone(),
            partition: described.partition.clone(),
            instance: named.title.or(guid),
            ..CallFacts::of(self.forms.dialect.as_str(), self.call)
        }
    }

    /// Who calls in words, as far as that costs nothing.
    pub(super) fn caller_in_words(&self) -> Option<String> {
        Calling::of(self.app, self.parts).in_words(&self.app.master)
    }

    /// Of what kind the caller is, and every reference that it goes by.
    async fn caller(&self, calling: &Calling, named: &Named) -> (CallerKind, Vec<String>) {
        // A token speaks there, and nobody knows yet for whom.
        if self.forms.dialect == Dialect::Web {
            return (CallerKind::Anonymous, Vec::new());
        }
        let caller = calling.of_itself();
        if matches!(caller, Caller::DefaultUser) && self.forms.dialect != Dialect::Hateoas {
            if named.by_computer {
                return (
                    CallerKind::Computer,
                    named.computer.clone().into_iter().collect(),
                );
            }
            let at = calling.partition().cloned();
            if let Some(at) = at.or_else(|| named.at()) {
                let mut references = vec![format!("{}/{}", at.computer, at.partition)];
                let instance = self.instance(&InstanceName::On(at)).await;
                references.extend(instance.map(|view| view.reference.as_str().to_owned()));
                return (CallerKind::Instance, references);
            }
            if let Some(InstanceName::Guid(guid)) = &named.instance {
                return (CallerKind::Instance, vec![guid.clone()]);
            }
        }
        match self.app.master.who_is(&caller).await {
            Ok(subject) => {
                let kind = match &subject {
                    CertificateSubject::Computer(_) => CallerKind::Computer,
                    CertificateSubject::Instance(_) => CallerKind::Instance,
                    CertificateSubject::User(_) => CallerKind::User,
                };
                (kind, vec![subject.reference().to_owned()])
            }
            Err(_) => (CallerKind::Anonymous, Vec::new()),
        }
    }

    /// The instance of this name, whoever may read it: only rules are told.
    async fn instance(&self, name: &InstanceName) -> Option<InstanceView> {
        let (master, anybody) = (&self.app.master, Caller::DefaultUser);
        match name {
            InstanceName::On(at) => master.instance_on(&anybody, at).await.ok(),
            InstanceName::HostedOn(_, guid) | InstanceName::Guid(guid) => {
                master.instance(&anybody, guid).await.ok()
            }
        }
    }

    /// The same for the same call by the same caller.
    fn content(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.parts.method.hash(&mut hasher);
        self.parts.uri.hash(&mut hasher);
        self.parts
            .headers
            .get(header::AUTHORIZATION)
            .hash(&mut hasher);
        self.caller_in_words().hash(&mut hasher);
        self.body.hash(&mut hasher);
        hasher.finish()
    }
}

impl Named {
    /// The partition that is named with its computer, if both could be.
    pub(in crate::front) fn at(&self) -> Option<PartitionAddress> {
        Some(PartitionAddress {
            computer: ComputerReference::parse("computer", self.computer.as_deref()?).ok()?,
            partition: PartitionReference::parse("partition", self.partition.as_deref()?).ok()?,
        })
    }
}
