//! How computers and persons come to a certificate with a token, and how computers are requested
//! by title (`semantics.md` 9.3, `hateoas.md` B.1, B.2).

use std::sync::Arc;

use super::{
    ComputerReader, ComputerView, Master, MasterError, Missing, Result, operation::Operation,
};
use crate::{
    domain::{
        behaviour::RequestProject,
        caller::Caller,
        certificate::CertificateSubject,
        identifier::{ComputerReference, ProjectReference, Title, UserReference},
        request::BrokenRule,
        secret::Secret,
        state::Validation,
        token::TokenPurpose,
    },
    pki::Issued,
    store::{
        self,
        access::Subject,
        certificate::Holder,
        computer::ComputerRow,
        counter::{self, Prefix},
        lookup::Named,
    },
};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The token is missing, unknown, spent, expired, or for something else.
    TokenRefused,
    /// The computer of that title has a certificate that counts. The token is still good.
    StillActive,
    /// It is registered, and the token is spent.
    Registered {
        /// The computer's reference.
        reference: ComputerReference,
        /// Its certificate and key, which is told once.
        issued: Issued,
    },
}

/// What became of the request for a person's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCertificateOutcome {
    /// The token is missing, unknown, spent, expired, or for something else.
    TokenRefused,
    /// It is issued, and the token is spent.
    Issued(Issued),
}

/// What a registration would do.
enum Plan {
    TokenRefused,
    StillActive,
    /// Give this computer a certificate, which may still have to be made.
    Certify(ComputerReference),
}

/// How a registration ends.
enum Settled {
    TokenRefused,
    StillActive,
    Registered,
    /// The title leads to another computer than it did, or the reference was taken.
    Changed,
}

impl Master {
    /// Registers the computer of this title in the token's project, which is made if there is none,
    /// and gives it a certificate (`Person_requestComputer`).
    ///
    /// Several computers of that title: [`BrokenRule::AmbiguousComputer`]. The token is spent when
    /// the computer is registered, and when it is one for something else.
    pub async fn register_computer(
        &self,
        token: Option<Secret>,
        title: Title,
    ) -> Result<Registration> {
        // Each further turn follows on somebody else's registration.
        loop {
            let plan = self
                .0
                .operate(
                    (token.clone(), title.clone()),
                    |operation, (token, title)| {
                        Box::pin(operation.plan_registration(token.as_ref(), title))
                    },
                )
                .await?;
            let reference = match plan {
                Plan::TokenRefused => return Ok(Registration::TokenRefused),
                Plan::StillActive => return Ok(Registration::StillActive),
                Plan::Certify(reference) => reference,
            };
            let subject = CertificateSubject::Computer(reference.clone());
            let issued = self.0.authority.issue(&subject, self.0.clock.now())?;
            let settled = self
                .0
                .operate(
                    (
                        token.clone(),
                        title.clone(),
                        reference.clone(),
                        issued.clone(),
                    ),
                    |operation, (token, title, reference, issued)| {
                        Box::pin(operation.register(token.as_ref(), title, reference, issued))
                    },
                )
                .await?;
            match settled {
                Settled::TokenRefused => return Ok(Registration::TokenRefused),
                Settled::StillActive => return Ok(Registration::StillActive),
                Settled::Registered => return Ok(Registration::Registered { reference, issued }),
                Settled::Changed => {}
            }
        }
    }

    /// Gives a person one more certificate (`Person_getCertificate`).
    pub async fn issue_user_certificate(
        &self,
        token: Option<Secret>,
    ) -> Result<UserCertificateOutcome> {
        let user = self
            .0
            .operate(token.clone(), |operation, token| {
                Box::pin(operation.user_of_token(token.as_ref()))
            })
            .await?;
        let Some(user) = user else {
            return Ok(UserCertificateOutcome::TokenRefused);
        };
        let subject = CertificateSubject::User(user);
        let issued = self.0.authority.issue(&subject, self.0.clock.now())?;
        let kept = self
            .0
            .operate((token, issued.clone()), |operation, (token, issued)| {
                Box::pin(operation.certify_user(token.as_ref(), issued))
            })
            .await?;
        Ok(if kept {
            UserCertificateOutcome::Issued(issued)
        } else {
            UserCertificateOutcome::TokenRefused
        })
    }

    /// The computer of this title in a project, which is made if there is none
    /// (`requestComputer`). A made one has no certificate.
    pub async fn request_computer(
        &self,
        caller: Caller,
        title: Title,
        project: Option<ProjectReference>,
    ) -> Result<ComputerView> {
        let reference = self
            .0
            .operate(
                (caller, title, project),
                |operation, (caller, title, project)| {
                    Box::pin(operation.request_computer(caller, title, project.as_ref()))
                },
            )
            .await?;
        self.computer_information(ComputerReader::Onlooker, &reference)
            .await
    }
}

impl Operation<'_> {
    /// The one computer of this title that counts, if there is one.
    async fn titled(
        &mut self,
        project: &Named<ProjectReference>,
        title: &Title,
    ) -> Result<Option<ComputerRow>> {
        let mut found = store::computer::live_by_title(self.tx, project.id, title).await?;
        if found.len() > 1 {
            let broken = BrokenRule::AmbiguousComputer {
                title: title.clone(),
                project: project.reference.clone(),
            };
            return Err(broken.into());
        }
        Ok(found.pop())
    }

    async fn is_certified(&mut self, computer: &ComputerRow) -> Result<bool> {
        let holder = Holder::Computer(computer.id);
        Ok(store::certificate::has_active(self.tx, holder, self.now).await?)
    }

    async fn plan_registration(&mut self, token: Option<&Secret>, title: &Title) -> Result<Plan> {
        let Some(token) = self.presented(token, TokenPurpose::Computer).await? else {
            return Ok(Plan::TokenRefused);
        };
        let project = Named {
            id: token.project_id,
            reference: token.token.project,
        };
        self.demand_registrar(token.user_id, &project).await?;
        match self.titled(&project, title).await? {
            Some(computer) if self.is_certified(&computer).await? => Ok(Plan::StillActive),
            Some(computer) => Ok(Plan::Certify(computer.reference)),
            None => {
                let number = counter::next(self.tx, Prefix::Computer).await?;
                Ok(Plan::Certify(ComputerReference::trusted(number)))
            }
        }
    }

    /// Refuses a person who may not make computers in the project: whoever presents a token does
    /// it in that person's name. Such a token stays good.
    async fn demand_registrar(
        &mut self,
        user_id: i64,
        project: &Named<ProjectReference>,
    ) -> Result<()> {
        let person = store::access::identity(self.tx, Subject::User(user_id)).await?;
        Self::demand_equip(&person.map(Arc::new), project.id, || {
            format!("make computers in project `{}`", project.reference)
        })
    }

    async fn register(
        &mut self,
        token: Option<&Secret>,
        title: &Title,
        reference: &ComputerReference,
        issued: &Issued,
    ) -> Result<Settled> {
        let Some(token) = self.presented(token, TokenPurpose::Computer).await? else {
            return Ok(Settled::TokenRefused);
        };
        let project = Named {
            id: token.project_id,
            reference: token.token.project.clone(),
        };
        self.demand_registrar(token.user_id, &project).await?;
        let id = match self.titled(&project, title).await? {
            Some(computer) if self.is_certified(&computer).await? => {
                return Ok(Settled::StillActive);
            }
            Some(computer) if computer.reference != *reference => return Ok(Settled::Changed),
            Some(computer) => computer.id,
            None => {
                let known = store::computer::by_reference(self.tx, reference).await?;
                if known.is_some() {
                    return Ok(Settled::Changed);
                }
                let validated = Validation::Validated;
                self.add_computer(reference, title.as_str(), project.id, validated)
                    .await?
            }
        };
        let subject = CertificateSubject::Computer(reference.clone());
        self.keep_certificate(Holder::Computer(id), &subject, issued)
            .await?;
        self.spend(&token).await?;
        Ok(Settled::Registered)
    }

    async fn user_of_token(&mut self, token: Option<&Secret>) -> Result<Option<UserReference>> {
        let token = self.presented(token, TokenPurpose::User).await?;
        Ok(token.map(|row| row.token.user))
    }

    async fn certify_user(&mut self, token: Option<&Secret>, issued: &Issued) -> Result<bool> {
        let Some(token) = self.presented(token, TokenPurpose::User).await? else {
            return Ok(false);
        };
        let subject = CertificateSubject::User(token.token.user.clone());
        self.keep_certificate(Holder::User(token.user_id), &subject, issued)
            .await?;
        self.spend(&token).await?;
        Ok(true)
    }

    async fn request_computer(
        &mut self,
        caller: &Caller,
        title: &Title,
        project: Option<&ProjectReference>,
    ) -> Result<ComputerReference> {
        let who = self.identify(caller).await?;
        let project = match (self.behaviour.request_project, project) {
            (RequestProject::Ignore, _) | (_, None) => self.usual_project(&who).await?,
            (RequestProject::Default | RequestProject::Guess, Some(named)) => self
                .project(named.as_str())
                .await?
                .ok_or_else(|| MasterError::from(Missing::Project(named.clone())))?,
        };
        let name = &project.reference;
        Self::demand_equip(&who, project.id, || {
            format!("make computers in project `{name}`")
        })?;
        if let Some(computer) = self.titled(&project, title).await? {
            return Ok(computer.reference);
        }
        let number = counter::next(self.tx, Prefix::Computer).await?;
        let reference = ComputerReference::trusted(number);
        self.add_computer(
            &reference,
            title.as_str(),
            project.id,
            Validation::Validated,
        )
        .await?;
        Ok(reference)
    }
}
