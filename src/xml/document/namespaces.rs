//! Which prefix stands for which namespace, while a document is read.

use std::{collections::HashMap, rc::Rc};

use super::{
    error::{XmlError, not_well_formed},
    tag::Attribute,
};

/// The bindings in scope; empty and free of cost for a document that declares none.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'a> {
    /// By prefix (empty for the default namespace), the innermost binding last.
    bindings: HashMap<&'a str, Vec<Rc<str>>>,
    /// What each open element declared, innermost last.
    declared: Vec<(usize, &'a str)>,
}

impl<'a> Namespaces<'a> {
    /// Takes the declarations out of the attributes of the element at `depth`.
    pub(super) fn declare(
        &mut self,
        depth: usize,
        attributes: &mut Vec<Attribute<'a>>,
        position: usize,
    ) -> Result<(), XmlError> {
        let mut empty_prefix = false;
        attributes.retain(|attribute| {
            let prefix = match (attribute.prefix, attribute.name) {
                (Some("xmlns"), name) => name,
                (None, "xmlns") => "",
                _ => return true,
            };
            empty_prefix |= attribute.value.is_empty() && !prefix.is_empty();
            self.bindings
                .entry(prefix)
                .or_default()
                .push(Rc::from(&*attribute.value));
            self.declared.push((depth, prefix));
            false
        });
        if empty_prefix {
            return Err(not_well_formed(position, "a prefix bound to no namespace"));
        }
        Ok(())
    }

    /// Forgets what the element at `depth` declared.
    pub(super) fn leave(&mut self, depth: usize) {
        while let Some((_, prefix)) = self.declared.pop_if(|(declared, _)| *declared == depth) {
            if let Some(bound) = self.bindings.get_mut(prefix) {
                bound.pop();
            }
        }
    }

    /// The namespace of an element with this prefix.
    pub(super) fn of_element(
        &self,
        prefix: Option<&str>,
        position: usize,
    ) -> Result<Option<Rc<str>>, XmlError> {
        match prefix {
            Some(prefix) => self.bound(prefix, position).map(Some),
            None => Ok(self
                .bindings
                .get("")
                .and_then(|bound| bound.last())
                .filter(|namespace| !namespace.is_empty())
                .cloned()),
        }
    }

    /// The namespace of an attribute with this prefix; the default one does not apply.
    pub(super) fn of_attribute(
        &self,
        prefix: Option<&str>,
        position: usize,
    ) -> Result<Option<Rc<str>>, XmlError> {
        prefix
            .map(|prefix| self.bound(prefix, position))
            .transpose()
    }

    fn bound(&self, prefix: &str, position: usize) -> Result<Rc<str>, XmlError> {
        if prefix == "xml" {
            return Ok(Rc::from("http://www.w3.org/XML/1998/namespace"));
        }
        self.bindings
            .get(prefix)
            .and_then(|bound| bound.last())
            .cloned()
            .ok_or_else(|| not_well_formed(position, "a prefix that is bound to no namespace"))
    }
}
