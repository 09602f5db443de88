//! What persons do in projects, from which their rights follow (`semantics.md` 10.1, 10.2).

use std::fmt;

use super::state::UnknownWord;

/// What a person does in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Requests instances, and owns them.
    Customer,
    /// Production staff: works on the project's computers and instances.
    ProductionAgent,
    /// Manages the project's computers and instances.
    ProductionManager,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 3] = [
        Self::Customer,
        Self::ProductionAgent,
        Self::ProductionManager,
    ];

    /// What a person does in the default project where nothing else is said.
    pub const USUAL: [Self; 2] = [Self::Customer, Self::ProductionManager];

    /// The function's word in fixtures and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::ProductionAgent => "production_agent",
            Self::ProductionManager => "production_manager",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Function {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|function| function.as_str() == text)
            .ok_or_else(|| UnknownWord {
                found: text.to_owned(),
                expected: &["customer", "production_agent", "production_manager"],
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_read_by_its_word() {
        for function in Function::ALL {
            assert_eq!(function.to_string().parse(), Ok(function));
        }
        assert!("Customer".parse::<Function>().is_err());
    }
}
