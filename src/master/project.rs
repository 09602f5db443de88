//! Which project a request is for (`semantics.md` 3.7).

use super::{Missing, Result, identity::Proven, operation::Operation};
use crate::{
    domain::{
        behaviour::RequestProject, identifier::ProjectReference, permission::Forbidden,
        request::RequestInstance,
    },
    store::{self, lookup::Named},
};

impl Operation<'_> {
    /// The project that a root request names and that is looked at, or that is guessed from it
    /// (C.3, C.5). None where any project will do, and the default one for a new tree.
    pub(super) async fn meant_project(
        &mut self,
        who: &Proven,
        request: &RequestInstance,
    ) -> Result<Option<Named<ProjectReference>>> {
        let found = match (self.behaviour.request_project, &request.project) {
            (RequestProject::Ignore, _) | (RequestProject::Default, None) => return Ok(None),
            (RequestProject::Guess, None) => {
                let guess = self.guess_project(who, request).await?;
                guess.ok_or(Missing::ProjectGuess)?
            }
            (RequestProject::Default | RequestProject::Guess, Some(named)) => {
                let found = self.project(named.as_str()).await?;
                found.ok_or_else(|| Missing::Project(named.clone()))?
            }
        };
        Ok(Some(found))
    }

    /// Production's guess, in its order (`semantics.md` 3.7).
    async fn guess_project(
        &mut self,
        who: &Proven,
        request: &RequestInstance,
    ) -> Result<Option<Named<ProjectReference>>> {
        let mut projects = self.visible_projects(who).await?;
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

    /// The projects in which a person does something; all, where nobody is proven.
    async fn visible_projects(&mut self, who: &Proven) -> Result<Vec<Named<ProjectReference>>> {
        let mut projects = store::lookup::projects(self.tx).await?;
        if let Some(identity) = who {
            let own = identity.projects();
            projects.retain(|project| own.contains(&project.id));
        }
        Ok(projects)
    }

    /// The project of a person's request that names none: the default one, unless the person does
    /// nothing there and something in another.
    pub(super) async fn usual_project(&mut self, who: &Proven) -> Result<Named<ProjectReference>> {
        let visible = self.visible_projects(who).await?.into_iter().next();
        match visible {
            Some(project) => Ok(project),
            None => Ok(self.default_project()),
        }
    }

    /// The project in which a tree is made, if its maker may make one there.
    pub(super) async fn project_of_tree(
        &mut self,
        who: &Proven,
        project: Option<Named<ProjectReference>>,
    ) -> Result<Named<ProjectReference>> {
        let project = match project {
            Some(project) => project,
            None => self.usual_project(who).await?,
        };
        if let Some(identity) = who.as_deref()
            && !identity.may_make_tree(project.id)
        {
            let what = format!("make instance trees in project `{}`", project.reference);
            return Err(Forbidden::new(identity, what).into());
        }
        Ok(project)
    }

    /// The project of whatever names none.
    pub(super) fn default_project(&self) -> Named<ProjectReference> {
        self.world.default_project.clone()
    }
}
