//! Projects, the persons who do something in them, and their tokens.

use super::{at, refused, taken};
use crate::{
    domain::{
        identifier::ProjectReference,
        permission::Function,
        seed::{SeedPlace, SeedUser},
        token::NewToken,
    },
    master::{Result, operation::Operation},
    store,
};

impl Operation<'_> {
    pub(super) async fn seed_project(
        &mut self,
        place: SeedPlace,
        project: &ProjectReference,
    ) -> Result<()> {
        if self.default_project().reference == *project {
            return Ok(());
        }
        if self.project(project.as_str()).await?.is_some() {
            return Err(taken(place, "a project", project.as_str()));
        }
        store::lookup::insert_project(self.tx, project).await?;
        Ok(())
    }

    pub(super) async fn seed_user(&mut self, user: &SeedUser) -> Result<()> {
        let default = self.world.default_user.clone();
        let id = if user.reference == default.reference {
            if user.functions.is_none() {
                return Ok(());
            }
            default.id
        } else {
            let reference = &user.reference;
            if store::lookup::user(self.tx, reference).await?.is_some() {
                return Err(taken(user.place, "a user", reference.as_str()));
            }
            store::lookup::insert_user(self.tx, reference).await?
        };
        store::assignment::clear(self.tx, id).await?;
        match &user.functions {
            None => {
                let project = self.default_project();
                for function in Function::USUAL {
                    store::assignment::add(self.tx, id, project.id, *function).await?;
                }
            }
            Some(functions) => {
                for (project, function) in functions {
                    let project = self.project_of_seed(user.place, Some(project)).await?;
                    store::assignment::add(self.tx, id, project.id, *function).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn seed_token(&mut self, place: SeedPlace, token: &NewToken) -> Result<()> {
        let Some(value) = &token.value else {
            return Err(refused(place, "a token has no value", "its text"));
        };
        at(place, self.make_token(token, value).await)?;
        Ok(())
    }
}
