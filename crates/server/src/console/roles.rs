//! The three roles of operators. Each role has all rights of the lower roles.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The role of an operator of the console. The variants are in ascending order of rights.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May read everything except secrets and the list of operators. May change nothing but the operator's own
    /// password.
    Viewer,
    /// May also kick users, set their visibility, change their block lists, test webhooks, and send again or delete
    /// dead letters.
    Operator,
    /// May change everything, including the operators.
    Admin,
}

/// The error for a text that is not the name of a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role must be viewer, operator or admin")]
pub struct UnknownRole;

impl Role {
    /// All roles, in ascending order.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Returns the name of the role in the API, on the command line and in the file of operators.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_rise_and_are_written_as_they_are_read() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert_eq!("Admin".parse::<Role>(), Err(UnknownRole));
    }
}
