//! Which project a request is for (`semantics.md` 3.7).

use super::{Missing, Result, operation::Operation};
use crate::{
    domain::{behaviour::RequestProject, identifier::ProjectReference, request::RequestInstance},
    store::{self, lookup::Named},
};

impl Operation<'_> {
    /// The project that a root request names, if it names one that is looked at (C.3, C.5).
    pub(super) async fn named_project(
        &mut self,
        request: &RequestInstance,
    ) -> Result<Option<Named<ProjectReference>>> {
        let named = match (self.behaviour.request_project, &request.project) {
            (RequestProject::Ignore, _) | (_, None) => return Ok(None),
            (RequestProject::Default | RequestProject::Guess, Some(named)) => named,
        };
        let found = self.project(named.as_str()).await?;
        Ok(Some(found.ok_or_else(|| Missing::Project(named.clone()))?))
    }

    /// The project of a new root whose request names none.
    pub(super) async fn project_of_root(
        &mut self,
        request: &RequestInstance,
    ) -> Result<Named<ProjectReference>> {
        match self.behaviour.request_project {
            RequestProject::Default | RequestProject::Ignore => self.default_project().await,
            RequestProject::Guess => {
                let guess = self.guess_project(request).await?;
                Ok(guess.ok_or(Missing::ProjectGuess)?)
            }
        }
    }

    /// Production's guess, in its order (`semantics.md` 3.7).
    async fn guess_project(
        &mut self,
        request: &RequestInstance,
    ) -> Result<Option<Named<ProjectReference>>> {
        let mut projects = store::lookup::projects(self.tx).await?;
        if projects.len() == 1 {
            return Ok(projects.pop());
        }
        let of_release =
            store::lookup::projects_of_release(self.tx, request.release.as_str()).await?;
        if let [only] = of_release.as_slice() {
            return self.project(only.as_str()).await;
        }
        if let Some(named) = request.sla.get("project_guid") {
            return self.project(named).await;
        }
        let computer = request.sla.get("computer_guid");
        let network = request.sla.get("network_guid");
        let of_computer = match computer {
            Some(_) => store::computer::project_of(self.tx, computer, None).await?,
            None => None,
        };
        let found = match (of_computer, network) {
            (Some(project), _) => Some(project),
            (None, Some(_)) => store::computer::project_of(self.tx, None, network).await?,
            (None, None) => None,
        };
        match found {
            Some(reference) => self.project(&reference).await,
            None => Ok(None),
        }
    }

    /// A project by its reference.
    pub(super) async fn project(
        &mut self,
        reference: &str,
    ) -> Result<Option<Named<ProjectReference>>> {
        let projects = store::lookup::projects(self.tx).await?;
        Ok(projects
            .into_iter()
            .find(|project| project.reference.as_str() == reference))
    }

    /// The project of whatever names none.
    pub(super) async fn default_project(&mut self) -> Result<Named<ProjectReference>> {
        let projects = store::lookup::projects(self.tx).await?;
        Ok(projects.into_iter().next().ok_or(Missing::ProjectGuess)?)
    }
}
