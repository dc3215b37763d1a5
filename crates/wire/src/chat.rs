//! Conversions of profiles, friends, block lists, messages and conversations into messages of the wire protocol.

use crate::v1;
use lamplight_model::{
    AllowType, BlockedUser, Conversation, CustomElement, Friend, Message, MessageBody, Profile, UserId,
    Visibility,
};

impl v1::Profile {
    /// Encodes the profile of a user.
    pub fn of(user: &UserId, profile: &Profile) -> Self {
        let allow_type = match profile.allow {
            AllowType::AllowAny => v1::AllowType::AllowAny,
            AllowType::DenyAny => v1::AllowType::DenyAny,
        };
        Self {
            user_id: user.to_string(),
            nick: profile.nick.clone(),
            avatar_url: profile.avatar_url.clone(),
            allow_type: allow_type.into(),
        }
    }
}

impl From<&Friend> for v1::Friend {
    fn from(friend: &Friend) -> Self {
        Self {
            user_id: friend.id.to_string(),
            remark: friend.remark.clone(),
            profile: Some(v1::Profile::of(&friend.id, &friend.profile)),
            mutual: friend.mutual,
            added_at: friend.added.0,
            add_source: friend.source.clone(),
            add_wording: friend.wording.clone(),
        }
    }
}

impl From<Visibility> for v1::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Everyone => Self::Everyone,
            Visibility::Friends => Self::Friends,
            Visibility::Nobody => Self::Nobody,
        }
    }
}

impl v1::Visibility {
    /// Returns the visibility with this number in a message. Returns `None` for `VISIBILITY_UNSPECIFIED`, and for a
    /// number that only a newer version of the protocol has.
    pub fn named(number: i32) -> Option<Visibility> {
        match Self::try_from(number).ok()? {
            Self::Unspecified => None,
            Self::Everyone => Some(Visibility::Everyone),
            Self::Friends => Some(Visibility::Friends),
            Self::Nobody => Some(Visibility::Nobody),
        }
    }
}

impl From<&BlockedUser> for v1::BlockedUser {
    fn from(blocked: &BlockedUser) -> Self {
        Self { user_id: blocked.id.to_string(), blocked_at: blocked.since.0 }
    }
}

impl From<&CustomElement> for v1::CustomElement {
    fn from(custom: &CustomElement) -> Self {
        let CustomElement { data, description, extension } = custom.clone();
        Self { data, description, extension }
    }
}

impl From<v1::CustomElement> for CustomElement {
    fn from(custom: v1::CustomElement) -> Self {
        let v1::CustomElement { data, description, extension } = custom;
        Self { data, description, extension }
    }
}

impl From<&Message> for v1::Message {
    fn from(message: &Message) -> Self {
        let (text, custom) = match &message.body {
            MessageBody::Text(text) => (text.clone(), None),
            MessageBody::Custom(custom) => (String::new(), Some(custom.into())),
        };
        Self {
            from: message.from.to_string(),
            to: message.to.to_string(),
            sequence: message.sequence,
            time: message.at.0,
            text,
            client_message_id: message.client_id.to_string(),
            custom,
        }
    }
}

impl From<&Conversation> for v1::Conversation {
    fn from(row: &Conversation) -> Self {
        Self {
            peer: row.peer.to_string(),
            last_message: row.last.as_ref().map(v1::Message::from),
            unread: row.unread,
            read_sequence: row.read_sequence,
            pinned: row.pinned,
            profile: Some(v1::Profile::of(&row.peer, &row.profile)),
            remark: row.remark.clone(),
            active_at: row.active.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visibility_has_the_same_number_in_both_directions() {
        for visibility in Visibility::ALL {
            assert_eq!(v1::Visibility::named(v1::Visibility::from(visibility).into()), Some(visibility));
        }
        for unknown in [-1, 0, 4] {
            assert_eq!(v1::Visibility::named(unknown), None, "{unknown}");
        }
    }
}
