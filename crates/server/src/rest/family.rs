//! Families of commands. The cloud's API has a different code for the same refusal in each family, so this module
//! translates the refusals of the service.

use lamplight_model::{Code, Refusal};

/// A group of commands that share their codes and the format of their answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Commands under `im_open_login_svc`.
    Accounts,
    /// Commands under `openim` for the status of users.
    States,
    /// Commands under `openim` for messages.
    Messages,
    /// Commands under `openim` on behalf of a user, and the status feed.
    OnBehalf,
    /// Commands under `sns`.
    Friends,
    /// Commands under `profile`.
    Profiles,
    /// Commands under `recentcontact`.
    Recent,
}

impl Family {
    /// Returns the code for a body that is not JSON.
    pub fn unreadable(self) -> Code {
        match self {
            Self::Accounts | Self::Friends | Self::Profiles | Self::Recent => Code::JSON_UNREADABLE,
            Self::States | Self::Messages | Self::OnBehalf => Code::QUERY_UNREADABLE,
        }
    }

    /// Returns the code for a body that is JSON, but has a missing or invalid field.
    pub fn invalid(self) -> Code {
        match self {
            Self::Accounts => Code::ACCOUNT_REQUEST_INVALID,
            Self::States => Code::QUERY_UNREADABLE,
            Self::Messages => Code::MESSAGE_MALFORMED,
            Self::OnBehalf => Code::INVALID_PARAMETER,
            Self::Friends => Code::FRIEND_REQUEST_INVALID,
            Self::Profiles => Code::PROFILE_INVALID,
            Self::Recent => Code::RECENT_INVALID,
        }
    }

    /// Returns the code for an account that does not exist.
    pub fn no_such_account(self) -> Code {
        match self {
            Self::Accounts | Self::States | Self::OnBehalf => Code::NO_SUCH_ACCOUNT,
            Self::Messages => Code::MESSAGE_NO_SUCH_ACCOUNT,
            Self::Friends => Code::FRIEND_NO_SUCH_ACCOUNT,
            Self::Profiles => Code::PROFILE_NO_SUCH_ACCOUNT,
            Self::Recent => Code::RECENT_NO_SUCH_ACCOUNT,
        }
    }

    /// Returns the code for an invalid userID.
    pub fn bad_user_id(self) -> Code {
        match self {
            Self::Accounts | Self::States | Self::OnBehalf => Code::BAD_USER_ID,
            Self::Messages => Code::QUERY_ACCOUNT_MALFORMED,
            Self::Friends => Code::FRIEND_REQUEST_INVALID,
            Self::Profiles => Code::PROFILE_INVALID,
            Self::Recent => Code::RECENT_INVALID,
        }
    }

    /// Returns the code for a caller who is not an admin of the app.
    pub fn admin_required(self) -> Code {
        match self {
            Self::Accounts | Self::Friends | Self::Profiles | Self::Recent => Code::ADMIN_REQUIRED,
            Self::States | Self::Messages | Self::OnBehalf => Code::QUERY_ADMIN_REQUIRED,
        }
    }

    /// Returns the code for a call that names too many users.
    pub fn batch_too_large(self) -> Code {
        match self {
            Self::States | Self::Messages => Code::QUERY_BATCH_TOO_LARGE,
            Self::Accounts | Self::OnBehalf => Code::BATCH_TOO_LARGE,
            Self::Friends => Code::FRIEND_REQUEST_INVALID,
            Self::Profiles => Code::PROFILE_INVALID,
            Self::Recent => Code::RECENT_INVALID,
        }
    }

    /// Returns the refusal with the code that this family has for the same reason.
    pub fn translate(self, refusal: &Refusal) -> Refusal {
        let code = match refusal.code {
            Code::INVALID_PARAMETER => self.invalid(),
            Code::NO_SUCH_ACCOUNT => self.no_such_account(),
            Code::BAD_USER_ID => self.bad_user_id(),
            Code::ADMIN_REQUIRED => self.admin_required(),
            Code::BATCH_TOO_LARGE => self.batch_too_large(),
            other => other,
        };
        Refusal { code, detail: refusal.detail.clone() }
    }

    /// Returns `true` if answers have the field `ErrorDisplay`.
    pub fn has_error_display(self) -> bool {
        matches!(self, Self::Friends | Self::Profiles | Self::Recent)
    }

    /// Returns the codes of refusals that any call of the family may get.
    pub fn common_codes(self) -> [Code; 21] {
        [
            Code::HTTP_UNREADABLE,
            Code::WRONG_CREDENTIALS,
            Code::APP_ID_INVALID,
            Code::API_RATE,
            Code::SERVICE_BUSY,
            Code::NO_SUCH_SERVICE,
            Code::APP_ID_MISSING,
            Code::SIG_EXPIRED,
            Code::SIG_EMPTY,
            Code::SIG_UNREADABLE,
            Code::SIG_WRONG,
            Code::SIG_OTHER_USER,
            Code::SIG_OTHER_APP,
            Code::NO_SUCH_APP,
            Code::TOO_MANY_FAILURES,
            Code::SIG_REVOKED,
            Code::INTERNAL,
            self.unreadable(),
            self.invalid(),
            self.admin_required(),
            self.bad_user_id(),
        ]
    }
}
