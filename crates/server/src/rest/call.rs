//! A call of the server API: its app, its admin and its parameters.

use crate::clock::Clock;
use lamplight_model::{App, Now, User, UserId};
use lamplight_service::Service;
use std::borrow::Cow;
use std::sync::Arc;

/// A call that has passed its gates.
pub struct Call<'a> {
    /// The service of the node, which carries out the operations.
    pub service: &'a Arc<Service>,
    /// The app whose backend makes the call.
    pub app: Arc<App>,
    /// The admin whose UserSig authenticated the call.
    pub admin: User,
    /// The time of the call.
    pub now: Now,
    /// The clock, for calls that wait before they are answered.
    pub clock: &'a Clock,
    pub(super) query: &'a str,
}

impl Call<'_> {
    /// Returns the user of this app with a userID.
    pub fn user(&self, id: UserId) -> User {
        User::new(self.app.id, id)
    }

    /// Returns the decoded value of a query parameter; `None` if it is absent. If the parameter occurs several times,
    /// returns the first value.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        parameter(self.query, name)
    }
}

/// Returns the decoded value of a query parameter; `None` if it is absent. If the parameter occurs several times,
/// returns the first value.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_their_names_are_case_sensitive() {
        let query = "sdkappid=1&identifier=a%20b+c&usersig=eJw*-_&x";
        assert_eq!(parameter(query, "sdkappid").as_deref(), Some("1"));
        assert_eq!(parameter(query, "identifier").as_deref(), Some("a b c"));
        assert_eq!(parameter(query, "usersig").as_deref(), Some("eJw*-_"));
        assert_eq!(parameter(query, "x").as_deref(), Some(""));
        assert_eq!(parameter(query, "SdkAppId"), None);
    }
}
