//! Commands for the profiles of accounts: nick, picture, rule for friend requests, and further fields.

use super::answer::{Reply, info, item_code};
use super::call::Call;
use super::command::Command;
use super::family::Family;
use super::fields::{AccountName, NoFields, Object};
use super::lists::List;
use super::skimmed::Skimmed;
use compact_str::CompactString;
use lamplight_model::{
    AllowType, Code, FieldValue, MAX_PROFILE_BYTES, MAX_PROFILE_FIELDS, Profile, ProfileChange,
    ProfileFields, Refusal, UserId, quoted,
};
use lamplight_service::{By, MAX_USERS_INFO, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use utoipa::ToSchema;

pub const NICK: &str = "Tag_Profile_IM_Nick";
pub const IMAGE: &str = "Tag_Profile_IM_Image";
pub const ALLOW_TYPE: &str = "Tag_Profile_IM_AllowType";
const ALLOW_ANY: &str = "AllowType_Type_AllowAny";
const DENY_ANY: &str = "AllowType_Type_DenyAny";

/// The maximum number of tags in one call. Clients also ask for tags that Lamplight does not know.
pub const MAX_TAGS: usize = 100;

/// Returns the value for the tag of a nick, a picture or a rule for friend requests; `None` for every other tag.
pub fn tag_value(profile: &Profile, tag: &str) -> Option<String> {
    match tag {
        NICK => Some(profile.nick.clone()),
        IMAGE => Some(profile.avatar_url.clone()),
        ALLOW_TYPE => Some(
            match profile.allow {
                AllowType::AllowAny => ALLOW_ANY,
                AllowType::DenyAny => DENY_ANY,
            }
            .to_owned(),
        ),
        _ => None,
    }
}

/// The standard fields besides nick, picture and the rule for friend requests. `true` marks a field with a number.
const FIELDS: [(&str, bool); 9] = [
    ("Tag_Profile_IM_Gender", false),
    ("Tag_Profile_IM_BirthDay", true),
    ("Tag_Profile_IM_Location", false),
    ("Tag_Profile_IM_SelfSignature", false),
    ("Tag_Profile_IM_Language", true),
    ("Tag_Profile_IM_MsgSettings", true),
    ("Tag_Profile_IM_AdminForbidType", false),
    ("Tag_Profile_IM_Level", true),
    ("Tag_Profile_IM_Role", true),
];
/// The prefix of the tags of fields that an app defines.
const CUSTOM: &str = "Tag_Profile_Custom_";
/// The maximum number of bytes of a tag after [`CUSTOM`].
const MAX_CUSTOM_NAME: usize = 32;

/// Checks a further field, and returns the value to store. A standard field is a 32-bit number or a text. A field of
/// the app is a 64-bit number or a text.
fn field(tag: &str, value: Skimmed) -> Result<FieldValue, Refusal> {
    let invalid = |detail: String| Refusal::because(Code::PROFILE_INVALID, detail);
    let standard = FIELDS.iter().find(|(name, _)| *name == tag).map(|(_, is_number)| *is_number);
    let is_custom = tag.strip_prefix(CUSTOM).is_some_and(|name| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=MAX_CUSTOM_NAME).contains(&name.len()) && name.bytes().all(is_word)
    });
    if standard.is_none() && !is_custom {
        return Err(invalid(format!("unknown tag {}", quoted(tag))));
    }
    match (standard, value) {
        (Some(true), Skimmed::Number(number)) if number <= u64::from(u32::MAX) => {
            Ok(FieldValue::Number(number))
        }
        (Some(true), _) => Err(invalid(format!("{tag} must be a 32-bit number"))),
        (Some(false) | None, Skimmed::Text(text)) => {
            if text.len() > MAX_PROFILE_BYTES {
                let detail = format!("{tag} may have at most {MAX_PROFILE_BYTES} bytes, not {}", text.len());
                return Err(Refusal::because(Code::PROFILE_TOO_LONG, detail));
            }
            Ok(FieldValue::Text(text))
        }
        (None, Skimmed::Number(number)) => Ok(FieldValue::Number(number)),
        (Some(false), _) => Err(invalid(format!("{tag} must be a text"))),
        (None, _) => Err(invalid(format!("{tag} must be a whole number or a text"))),
    }
}

/// The command `profile/portrait_set`.
pub struct PortraitSet;

/// The owner of the profile, and the fields to set.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PortraitSetRequest {
    /// The owner of the profile.
    #[serde(rename = "From_Account")]
    #[schema(value_type = AccountName)]
    from_account: CompactString,
    /// The fields to set; if a tag occurs twice, the last one counts.
    #[schema(value_type = Vec<ProfileItem>, min_items = 1, max_items = 100)]
    profile_item: List<Object<ProfileItem>, MAX_TAGS>,
}

/// A field of a profile.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProfileItem {
    /// `Tag_Profile_IM_Nick`, `_Image`, `_AllowType`, `_Gender`, `_BirthDay`, `_Location`, `_SelfSignature`,
    /// `_Language`, `_MsgSettings`, `_AdminForbidType`, `_Level`, `_Role`, or `Tag_Profile_Custom_` and 1 to 32
    /// letters, digits and `_`.
    tag: String,
    /// A text of at most 500 bytes. `Tag_Profile_IM_AllowType` must be `AllowType_Type_AllowAny` or
    /// `AllowType_Type_DenyAny`; `_BirthDay`, `_Language`, `_MsgSettings`, `_Level` and `_Role` must be
    /// 32-bit numbers; `Tag_Profile_Custom_…` may be a text or a whole number.
    #[schema(value_type = Value)]
    value: Skimmed,
}

impl Command for PortraitSet {
    const PATH: &'static str = "profile/portrait_set";
    const FAMILY: Family = Family::Profiles;
    const SUMMARY: &'static str = "Changes the profile of an account.";
    const ABOUT: &'static str = "An unknown tag is refused, and then nothing changes. Nick, picture \
                                 and `AllowType` have an effect, and clients are notified of changes to them; other fields are stored \
                                 as given, at most 50 of an account.";
    const CODES: &'static [Code] = &[Code::PROFILE_NO_SUCH_ACCOUNT, Code::PROFILE_TOO_LONG];

    type Request = PortraitSetRequest;
    type Fields = NoFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let user = call.user(UserId::new(&request.from_account).map_err(Refusal::from)?);
        let items = request.profile_item.some("ProfileItem")?;
        let (mut change, mut fields) = (ProfileChange::default(), ProfileFields::new());
        for Object(ProfileItem { tag, value }) in items {
            match (&tag[..], value) {
                (NICK, Skimmed::Text(nick)) => change.nick = Some(nick),
                (IMAGE, Skimmed::Text(url)) => change.avatar_url = Some(url),
                (ALLOW_TYPE, Skimmed::Text(allow)) => change.allow = Some(allow_type(&allow)?),
                (NICK | IMAGE | ALLOW_TYPE, _) => {
                    return Err(
                        Refusal::because(Code::PROFILE_INVALID, format!("{tag} must be a text")).into()
                    );
                }
                (_, value) => {
                    let value = field(&tag, value)?;
                    fields.insert(tag, value);
                }
            }
        }
        check_profile(&change)?;
        call.service.set_profile_and_fields(&user, change, fields, By::App, call.now).await?;
        Ok(NoFields {}.into())
    }
}

/// Checks the nick and the picture of a profile. A text that is too long is refused with a code of its own,
/// `PROFILE_TOO_LONG`.
pub fn check_profile(change: &ProfileChange) -> Result<(), Refusal> {
    change.check().map_err(|invalid| {
        let code = match invalid {
            lamplight_model::InvalidText::TooLong { .. } => Code::PROFILE_TOO_LONG,
            lamplight_model::InvalidText::Control { .. } | lamplight_model::InvalidText::NoUrl => {
                Code::INVALID_PARAMETER
            }
        };
        Refusal::because(code, invalid.to_string())
    })
}

fn allow_type(value: &str) -> Result<AllowType, Refusal> {
    match value {
        ALLOW_ANY => Ok(AllowType::AllowAny),
        DENY_ANY => Ok(AllowType::DenyAny),
        _ => Err(Refusal::because(
            Code::PROFILE_INVALID,
            format!("{ALLOW_TYPE} must be {ALLOW_ANY} or {DENY_ANY}, not {}", quoted(value)),
        )),
    }
}

/// The maximum memory for the nick, the picture and the rule for friend requests of a profile, in bytes.
const BYTES_PER_PROFILE: usize = 1_024;
/// The maximum memory for a further field of a profile, in bytes. Its value has at most 500 bytes.
const BYTES_PER_FIELD: usize = 640;

/// The command `profile/portrait_get`.
pub struct PortraitGet;

/// The owners of the profiles, and the fields to read.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PortraitGetRequest {
    /// The owners of the profiles; at most 100.
    #[serde(rename = "To_Account")]
    #[schema(value_type = Vec<AccountName>, min_items = 1, max_items = 100)]
    to_account: List<CompactString, MAX_USERS_INFO>,
    /// The tags to read. The answer has each tag once. Nick, picture and `AllowType` are always in the answer; of the
    /// other fields, only those that were set. Unknown tags are ignored.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    tag_list: List<CompactString, MAX_TAGS>,
}

/// The profiles that were read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PortraitGetFields {
    /// The results, in the order of the request.
    user_profile_item: Vec<UserProfile>,
    /// The users with a `ResultCode` other than 0; absent if there are none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    fail_account: Vec<CompactString>,
}

/// One profile.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserProfile {
    /// The owner of the profile.
    #[serde(rename = "To_Account")]
    #[schema(value_type = String)]
    to_account: CompactString,
    /// The requested fields.
    profile_item: Vec<TagValue>,
    /// 0 if the profile was read; 40003 if the user has no account; 40001 if the userID is not valid.
    result_code: u32,
    /// The text of the code; empty for 0.
    #[schema(value_type = String)]
    result_info: &'static str,
}

/// A field and its value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TagValue {
    /// The name of the field.
    #[schema(value_type = String)]
    pub tag: CompactString,
    /// The value: a text or a number.
    pub value: Value,
}

impl Command for PortraitGet {
    const PATH: &'static str = "profile/portrait_get";
    const FAMILY: Family = Family::Profiles;
    const SUMMARY: &'static str = "Reads the profiles of up to 100 accounts.";
    const ABOUT: &'static str = "`ErrorCode` is 0 when at least one of them was found; otherwise it is the code of the \
                                 first account.";
    const CODES: &'static [Code] = &[Code::PROFILE_NO_SUCH_ACCOUNT];
    const READS: bool = true;

    type Request = PortraitGetRequest;
    type Fields = PortraitGetFields;

    async fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> Result<Reply<Self::Fields>, ServiceError> {
        let to_account = request.to_account.some("To_Account")?;
        let mut tag_list = request.tag_list.some("TagList")?;
        let mut seen = HashSet::new();
        tag_list.retain(|tag| seen.insert(tag.clone()));
        let users = to_account.iter().flat_map(|text| UserId::new(text));
        let users: Vec<_> = users.map(|id| call.user(id)).collect();
        let mut found = call.service.profiles_of(users.clone()).await?.into_iter();
        let further = match wants_further(&tag_list) {
            true => call.service.profile_fields_of(users).await?,
            false => Vec::new(),
        };
        let mut further = further.into_iter();
        let mut fields = PortraitGetFields { user_profile_item: Vec::new(), fail_account: Vec::new() };
        let mut first_failure = None;
        for to_account in to_account {
            let done = match UserId::new(&to_account) {
                Ok(_) => found.next().flatten().ok_or(ServiceError::from(Code::NO_SUCH_ACCOUNT)),
                Err(invalid) => Err(Refusal::from(invalid).into()),
            };
            // `found` and `further` have an entry for each valid userID of the request, and none for an invalid one.
            let mut kept = match &done {
                Err(ServiceError::Refused(refusal)) if refusal.code == Code::BAD_USER_ID => None,
                Ok(_) | Err(_) => further.next().flatten(),
            }
            .unwrap_or_default();
            let mut profile_item = Vec::new();
            let done = done.map(|profile| {
                profile_item.extend(tag_list.iter().filter_map(|tag| {
                    let value = tag_value(&profile, tag).map(Value::from).or_else(|| {
                        kept.remove(tag.as_str()).map(|value| match value {
                            FieldValue::Number(number) => number.into(),
                            FieldValue::Text(text) => text.into(),
                        })
                    });
                    Some(TagValue { tag: tag.clone(), value: value? })
                }));
            });
            let code = item_code(Self::FAMILY, done)?;
            if code != Code::OK {
                first_failure.get_or_insert(code);
                fields.fail_account.push(to_account.clone());
            }
            fields.user_profile_item.push(UserProfile {
                to_account,
                profile_item,
                result_code: code.number(),
                result_info: info(code),
            });
        }
        let code = match first_failure {
            Some(code) if fields.fail_account.len() == fields.user_profile_item.len() => code,
            Some(_) | None => Code::OK,
        };
        Ok(Reply { code, detail: String::new(), fields })
    }

    fn page(_: &Call<'_>, request: &Self::Request) -> usize {
        // The memory for the stored rows of one profile, and for the fields of one profile in the answer.
        let (mut rows, answer) = (BYTES_PER_PROFILE, request.tag_list.len() * BYTES_PER_FIELD);
        if wants_further(request.tag_list.entries()) {
            rows += MAX_PROFILE_FIELDS * BYTES_PER_FIELD;
        }
        request.to_account.len() * (rows + answer)
    }
}

/// Returns `true` if one of the tags names a further field. The nick, the picture and the rule for friend requests are
/// no further fields.
fn wants_further(tags: &[CompactString]) -> bool {
    tags.iter().any(|tag| ![NICK, IMAGE, ALLOW_TYPE].contains(&tag.as_str()))
}
