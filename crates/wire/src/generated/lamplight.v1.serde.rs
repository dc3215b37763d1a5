impl serde::Serialize for Abilities {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.statuses_of_others {
            len += 1;
        }
        if self.refusal_code != 0 {
            len += 1;
        }
        if self.friend_notification {
            len += 1;
        }
        if self.subscriptions_limit != 0 {
            len += 1;
        }
        if self.query_batch != 0 {
            len += 1;
        }
        if self.subscribe_batch != 0 {
            len += 1;
        }
        if self.unsubscribe_batch != 0 {
            len += 1;
        }
        if self.custom_status_bytes != 0 {
            len += 1;
        }
        if self.message_bytes != 0 {
            len += 1;
        }
        if self.friends_limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Abilities", len)?;
        if self.statuses_of_others {
            struct_ser.serialize_field("statusesOfOthers", &self.statuses_of_others)?;
        }
        if self.refusal_code != 0 {
            struct_ser.serialize_field("refusalCode", &self.refusal_code)?;
        }
        if self.friend_notification {
            struct_ser.serialize_field("friendNotification", &self.friend_notification)?;
        }
        if self.subscriptions_limit != 0 {
            struct_ser.serialize_field("subscriptionsLimit", &self.subscriptions_limit)?;
        }
        if self.query_batch != 0 {
            struct_ser.serialize_field("queryBatch", &self.query_batch)?;
        }
        if self.subscribe_batch != 0 {
            struct_ser.serialize_field("subscribeBatch", &self.subscribe_batch)?;
        }
        if self.unsubscribe_batch != 0 {
            struct_ser.serialize_field("unsubscribeBatch", &self.unsubscribe_batch)?;
        }
        if self.custom_status_bytes != 0 {
            struct_ser.serialize_field("customStatusBytes", &self.custom_status_bytes)?;
        }
        if self.message_bytes != 0 {
            struct_ser.serialize_field("messageBytes", &self.message_bytes)?;
        }
        if self.friends_limit != 0 {
            struct_ser.serialize_field("friendsLimit", &self.friends_limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Abilities {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "statuses_of_others",
            "statusesOfOthers",
            "refusal_code",
            "refusalCode",
            "friend_notification",
            "friendNotification",
            "subscriptions_limit",
            "subscriptionsLimit",
            "query_batch",
            "queryBatch",
            "subscribe_batch",
            "subscribeBatch",
            "unsubscribe_batch",
            "unsubscribeBatch",
            "custom_status_bytes",
            "customStatusBytes",
            "message_bytes",
            "messageBytes",
            "friends_limit",
            "friendsLimit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            StatusesOfOthers,
            RefusalCode,
            FriendNotification,
            SubscriptionsLimit,
            QueryBatch,
            SubscribeBatch,
            UnsubscribeBatch,
            CustomStatusBytes,
            MessageBytes,
            FriendsLimit,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "statusesOfOthers" | "statuses_of_others" => Ok(GeneratedField::StatusesOfOthers),
                            "refusalCode" | "refusal_code" => Ok(GeneratedField::RefusalCode),
                            "friendNotification" | "friend_notification" => Ok(GeneratedField::FriendNotification),
                            "subscriptionsLimit" | "subscriptions_limit" => Ok(GeneratedField::SubscriptionsLimit),
                            "queryBatch" | "query_batch" => Ok(GeneratedField::QueryBatch),
                            "subscribeBatch" | "subscribe_batch" => Ok(GeneratedField::SubscribeBatch),
                            "unsubscribeBatch" | "unsubscribe_batch" => Ok(GeneratedField::UnsubscribeBatch),
                            "customStatusBytes" | "custom_status_bytes" => Ok(GeneratedField::CustomStatusBytes),
                            "messageBytes" | "message_bytes" => Ok(GeneratedField::MessageBytes),
                            "friendsLimit" | "friends_limit" => Ok(GeneratedField::FriendsLimit),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Abilities;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Abilities")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Abilities, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut statuses_of_others__ = None;
                let mut refusal_code__ = None;
                let mut friend_notification__ = None;
                let mut subscriptions_limit__ = None;
                let mut query_batch__ = None;
                let mut subscribe_batch__ = None;
                let mut unsubscribe_batch__ = None;
                let mut custom_status_bytes__ = None;
                let mut message_bytes__ = None;
                let mut friends_limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::StatusesOfOthers => {
                            if statuses_of_others__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statusesOfOthers"));
                            }
                            statuses_of_others__ = Some(map_.next_value()?);
                        }
                        GeneratedField::RefusalCode => {
                            if refusal_code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refusalCode"));
                            }
                            refusal_code__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::FriendNotification => {
                            if friend_notification__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friendNotification"));
                            }
                            friend_notification__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SubscriptionsLimit => {
                            if subscriptions_limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscriptionsLimit"));
                            }
                            subscriptions_limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::QueryBatch => {
                            if query_batch__.is_some() {
                                return Err(serde::de::Error::duplicate_field("queryBatch"));
                            }
                            query_batch__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::SubscribeBatch => {
                            if subscribe_batch__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscribeBatch"));
                            }
                            subscribe_batch__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::UnsubscribeBatch => {
                            if unsubscribe_batch__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unsubscribeBatch"));
                            }
                            unsubscribe_batch__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::CustomStatusBytes => {
                            if custom_status_bytes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("customStatusBytes"));
                            }
                            custom_status_bytes__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::MessageBytes => {
                            if message_bytes__.is_some() {
                                return Err(serde::de::Error::duplicate_field("messageBytes"));
                            }
                            message_bytes__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::FriendsLimit => {
                            if friends_limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friendsLimit"));
                            }
                            friends_limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Abilities {
                    statuses_of_others: statuses_of_others__.unwrap_or_default(),
                    refusal_code: refusal_code__.unwrap_or_default(),
                    friend_notification: friend_notification__.unwrap_or_default(),
                    subscriptions_limit: subscriptions_limit__.unwrap_or_default(),
                    query_batch: query_batch__.unwrap_or_default(),
                    subscribe_batch: subscribe_batch__.unwrap_or_default(),
                    unsubscribe_batch: unsubscribe_batch__.unwrap_or_default(),
                    custom_status_bytes: custom_status_bytes__.unwrap_or_default(),
                    message_bytes: message_bytes__.unwrap_or_default(),
                    friends_limit: friends_limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Abilities", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AddFriendRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if !self.remark.is_empty() {
            len += 1;
        }
        if !self.add_source.is_empty() {
            len += 1;
        }
        if !self.add_wording.is_empty() {
            len += 1;
        }
        if self.single {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.AddFriendRequest", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if !self.remark.is_empty() {
            struct_ser.serialize_field("remark", &self.remark)?;
        }
        if !self.add_source.is_empty() {
            struct_ser.serialize_field("addSource", &self.add_source)?;
        }
        if !self.add_wording.is_empty() {
            struct_ser.serialize_field("addWording", &self.add_wording)?;
        }
        if self.single {
            struct_ser.serialize_field("single", &self.single)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AddFriendRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "remark",
            "add_source",
            "addSource",
            "add_wording",
            "addWording",
            "single",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Remark,
            AddSource,
            AddWording,
            Single,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "remark" => Ok(GeneratedField::Remark),
                            "addSource" | "add_source" => Ok(GeneratedField::AddSource),
                            "addWording" | "add_wording" => Ok(GeneratedField::AddWording),
                            "single" => Ok(GeneratedField::Single),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AddFriendRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.AddFriendRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AddFriendRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut remark__ = None;
                let mut add_source__ = None;
                let mut add_wording__ = None;
                let mut single__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Remark => {
                            if remark__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remark"));
                            }
                            remark__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AddSource => {
                            if add_source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addSource"));
                            }
                            add_source__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AddWording => {
                            if add_wording__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addWording"));
                            }
                            add_wording__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Single => {
                            if single__.is_some() {
                                return Err(serde::de::Error::duplicate_field("single"));
                            }
                            single__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(AddFriendRequest {
                    user_id: user_id__.unwrap_or_default(),
                    remark: remark__.unwrap_or_default(),
                    add_source: add_source__.unwrap_or_default(),
                    add_wording: add_wording__.unwrap_or_default(),
                    single: single__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.AddFriendRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AddFriendResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.friend.is_some() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.AddFriendResponse", len)?;
        if let Some(v) = self.friend.as_ref() {
            struct_ser.serialize_field("friend", v)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AddFriendResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "friend",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Friend,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "friend" => Ok(GeneratedField::Friend),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AddFriendResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.AddFriendResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AddFriendResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut friend__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Friend => {
                            if friend__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friend"));
                            }
                            friend__ = map_.next_value()?;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(AddFriendResponse {
                    friend: friend__,
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.AddFriendResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for AllowType {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "ALLOW_TYPE_UNSPECIFIED",
            Self::AllowAny => "ALLOW_TYPE_ALLOW_ANY",
            Self::DenyAny => "ALLOW_TYPE_DENY_ANY",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for AllowType {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "ALLOW_TYPE_UNSPECIFIED",
            "ALLOW_TYPE_ALLOW_ANY",
            "ALLOW_TYPE_DENY_ANY",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = AllowType;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "ALLOW_TYPE_UNSPECIFIED" => Ok(AllowType::Unspecified),
                    "ALLOW_TYPE_ALLOW_ANY" => Ok(AllowType::AllowAny),
                    "ALLOW_TYPE_DENY_ANY" => Ok(AllowType::DenyAny),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for AppChanged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.abilities.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.AppChanged", len)?;
        if let Some(v) = self.abilities.as_ref() {
            struct_ser.serialize_field("abilities", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for AppChanged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "abilities",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Abilities,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "abilities" => Ok(GeneratedField::Abilities),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = AppChanged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.AppChanged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<AppChanged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut abilities__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Abilities => {
                            if abilities__.is_some() {
                                return Err(serde::de::Error::duplicate_field("abilities"));
                            }
                            abilities__ = map_.next_value()?;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(AppChanged {
                    abilities: abilities__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.AppChanged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BlockUsersRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.BlockUsersRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BlockUsersRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BlockUsersRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.BlockUsersRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BlockUsersRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(BlockUsersRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.BlockUsersRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BlockUsersResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.blocked.is_empty() {
            len += 1;
        }
        if !self.failures.is_empty() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.BlockUsersResponse", len)?;
        if !self.blocked.is_empty() {
            struct_ser.serialize_field("blocked", &self.blocked)?;
        }
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BlockUsersResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "blocked",
            "failures",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Blocked,
            Failures,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "blocked" => Ok(GeneratedField::Blocked),
                            "failures" => Ok(GeneratedField::Failures),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BlockUsersResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.BlockUsersResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BlockUsersResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut blocked__ = None;
                let mut failures__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Blocked => {
                            if blocked__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blocked"));
                            }
                            blocked__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(BlockUsersResponse {
                    blocked: blocked__.unwrap_or_default(),
                    failures: failures__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.BlockUsersResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for BlockedUser {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if self.blocked_at != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.BlockedUser", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if self.blocked_at != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("blockedAt", ToString::to_string(&self.blocked_at).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for BlockedUser {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "blocked_at",
            "blockedAt",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            BlockedAt,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "blockedAt" | "blocked_at" => Ok(GeneratedField::BlockedAt),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = BlockedUser;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.BlockedUser")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<BlockedUser, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut blocked_at__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::BlockedAt => {
                            if blocked_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blockedAt"));
                            }
                            blocked_at__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(BlockedUser {
                    user_id: user_id__.unwrap_or_default(),
                    blocked_at: blocked_at__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.BlockedUser", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ClientMessage {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.id != 0 {
            len += 1;
        }
        if self.body.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.ClientMessage", len)?;
        if self.id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("id", ToString::to_string(&self.id).as_str())?;
        }
        if let Some(v) = self.body.as_ref() {
            match v {
                client_message::Body::Login(v) => {
                    struct_ser.serialize_field("login", v)?;
                }
                client_message::Body::Logout(v) => {
                    struct_ser.serialize_field("logout", v)?;
                }
                client_message::Body::SetSelfStatus(v) => {
                    struct_ser.serialize_field("setSelfStatus", v)?;
                }
                client_message::Body::GetUserStatus(v) => {
                    struct_ser.serialize_field("getUserStatus", v)?;
                }
                client_message::Body::SubscribeUserStatus(v) => {
                    struct_ser.serialize_field("subscribeUserStatus", v)?;
                }
                client_message::Body::UnsubscribeUserStatus(v) => {
                    struct_ser.serialize_field("unsubscribeUserStatus", v)?;
                }
                client_message::Body::GetSubscriptions(v) => {
                    struct_ser.serialize_field("getSubscriptions", v)?;
                }
                client_message::Body::Heartbeat(v) => {
                    struct_ser.serialize_field("heartbeat", v)?;
                }
                client_message::Body::SetSelfInfo(v) => {
                    struct_ser.serialize_field("setSelfInfo", v)?;
                }
                client_message::Body::GetUsersInfo(v) => {
                    struct_ser.serialize_field("getUsersInfo", v)?;
                }
                client_message::Body::GetFriendList(v) => {
                    struct_ser.serialize_field("getFriendList", v)?;
                }
                client_message::Body::AddFriend(v) => {
                    struct_ser.serialize_field("addFriend", v)?;
                }
                client_message::Body::DeleteFriends(v) => {
                    struct_ser.serialize_field("deleteFriends", v)?;
                }
                client_message::Body::SetFriendRemark(v) => {
                    struct_ser.serialize_field("setFriendRemark", v)?;
                }
                client_message::Body::SendMessage(v) => {
                    struct_ser.serialize_field("sendMessage", v)?;
                }
                client_message::Body::GetHistory(v) => {
                    struct_ser.serialize_field("getHistory", v)?;
                }
                client_message::Body::GetConversationList(v) => {
                    struct_ser.serialize_field("getConversationList", v)?;
                }
                client_message::Body::MarkRead(v) => {
                    struct_ser.serialize_field("markRead", v)?;
                }
                client_message::Body::PinConversation(v) => {
                    struct_ser.serialize_field("pinConversation", v)?;
                }
                client_message::Body::DeleteConversation(v) => {
                    struct_ser.serialize_field("deleteConversation", v)?;
                }
                client_message::Body::SetVisibility(v) => {
                    struct_ser.serialize_field("setVisibility", v)?;
                }
                client_message::Body::GetBlockList(v) => {
                    struct_ser.serialize_field("getBlockList", v)?;
                }
                client_message::Body::BlockUsers(v) => {
                    struct_ser.serialize_field("blockUsers", v)?;
                }
                client_message::Body::UnblockUsers(v) => {
                    struct_ser.serialize_field("unblockUsers", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ClientMessage {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "id",
            "login",
            "logout",
            "set_self_status",
            "setSelfStatus",
            "get_user_status",
            "getUserStatus",
            "subscribe_user_status",
            "subscribeUserStatus",
            "unsubscribe_user_status",
            "unsubscribeUserStatus",
            "get_subscriptions",
            "getSubscriptions",
            "heartbeat",
            "set_self_info",
            "setSelfInfo",
            "get_users_info",
            "getUsersInfo",
            "get_friend_list",
            "getFriendList",
            "add_friend",
            "addFriend",
            "delete_friends",
            "deleteFriends",
            "set_friend_remark",
            "setFriendRemark",
            "send_message",
            "sendMessage",
            "get_history",
            "getHistory",
            "get_conversation_list",
            "getConversationList",
            "mark_read",
            "markRead",
            "pin_conversation",
            "pinConversation",
            "delete_conversation",
            "deleteConversation",
            "set_visibility",
            "setVisibility",
            "get_block_list",
            "getBlockList",
            "block_users",
            "blockUsers",
            "unblock_users",
            "unblockUsers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Id,
            Login,
            Logout,
            SetSelfStatus,
            GetUserStatus,
            SubscribeUserStatus,
            UnsubscribeUserStatus,
            GetSubscriptions,
            Heartbeat,
            SetSelfInfo,
            GetUsersInfo,
            GetFriendList,
            AddFriend,
            DeleteFriends,
            SetFriendRemark,
            SendMessage,
            GetHistory,
            GetConversationList,
            MarkRead,
            PinConversation,
            DeleteConversation,
            SetVisibility,
            GetBlockList,
            BlockUsers,
            UnblockUsers,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "id" => Ok(GeneratedField::Id),
                            "login" => Ok(GeneratedField::Login),
                            "logout" => Ok(GeneratedField::Logout),
                            "setSelfStatus" | "set_self_status" => Ok(GeneratedField::SetSelfStatus),
                            "getUserStatus" | "get_user_status" => Ok(GeneratedField::GetUserStatus),
                            "subscribeUserStatus" | "subscribe_user_status" => Ok(GeneratedField::SubscribeUserStatus),
                            "unsubscribeUserStatus" | "unsubscribe_user_status" => Ok(GeneratedField::UnsubscribeUserStatus),
                            "getSubscriptions" | "get_subscriptions" => Ok(GeneratedField::GetSubscriptions),
                            "heartbeat" => Ok(GeneratedField::Heartbeat),
                            "setSelfInfo" | "set_self_info" => Ok(GeneratedField::SetSelfInfo),
                            "getUsersInfo" | "get_users_info" => Ok(GeneratedField::GetUsersInfo),
                            "getFriendList" | "get_friend_list" => Ok(GeneratedField::GetFriendList),
                            "addFriend" | "add_friend" => Ok(GeneratedField::AddFriend),
                            "deleteFriends" | "delete_friends" => Ok(GeneratedField::DeleteFriends),
                            "setFriendRemark" | "set_friend_remark" => Ok(GeneratedField::SetFriendRemark),
                            "sendMessage" | "send_message" => Ok(GeneratedField::SendMessage),
                            "getHistory" | "get_history" => Ok(GeneratedField::GetHistory),
                            "getConversationList" | "get_conversation_list" => Ok(GeneratedField::GetConversationList),
                            "markRead" | "mark_read" => Ok(GeneratedField::MarkRead),
                            "pinConversation" | "pin_conversation" => Ok(GeneratedField::PinConversation),
                            "deleteConversation" | "delete_conversation" => Ok(GeneratedField::DeleteConversation),
                            "setVisibility" | "set_visibility" => Ok(GeneratedField::SetVisibility),
                            "getBlockList" | "get_block_list" => Ok(GeneratedField::GetBlockList),
                            "blockUsers" | "block_users" => Ok(GeneratedField::BlockUsers),
                            "unblockUsers" | "unblock_users" => Ok(GeneratedField::UnblockUsers),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ClientMessage;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.ClientMessage")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ClientMessage, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut id__ = None;
                let mut body__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Login => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("login"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::Login)
;
                        }
                        GeneratedField::Logout => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("logout"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::Logout)
;
                        }
                        GeneratedField::SetSelfStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setSelfStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SetSelfStatus)
;
                        }
                        GeneratedField::GetUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetUserStatus)
;
                        }
                        GeneratedField::SubscribeUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscribeUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SubscribeUserStatus)
;
                        }
                        GeneratedField::UnsubscribeUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unsubscribeUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::UnsubscribeUserStatus)
;
                        }
                        GeneratedField::GetSubscriptions => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getSubscriptions"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetSubscriptions)
;
                        }
                        GeneratedField::Heartbeat => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("heartbeat"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::Heartbeat)
;
                        }
                        GeneratedField::SetSelfInfo => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setSelfInfo"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SetSelfInfo)
;
                        }
                        GeneratedField::GetUsersInfo => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getUsersInfo"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetUsersInfo)
;
                        }
                        GeneratedField::GetFriendList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getFriendList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetFriendList)
;
                        }
                        GeneratedField::AddFriend => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addFriend"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::AddFriend)
;
                        }
                        GeneratedField::DeleteFriends => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deleteFriends"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::DeleteFriends)
;
                        }
                        GeneratedField::SetFriendRemark => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setFriendRemark"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SetFriendRemark)
;
                        }
                        GeneratedField::SendMessage => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sendMessage"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SendMessage)
;
                        }
                        GeneratedField::GetHistory => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getHistory"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetHistory)
;
                        }
                        GeneratedField::GetConversationList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getConversationList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetConversationList)
;
                        }
                        GeneratedField::MarkRead => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("markRead"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::MarkRead)
;
                        }
                        GeneratedField::PinConversation => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pinConversation"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::PinConversation)
;
                        }
                        GeneratedField::DeleteConversation => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deleteConversation"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::DeleteConversation)
;
                        }
                        GeneratedField::SetVisibility => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setVisibility"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::SetVisibility)
;
                        }
                        GeneratedField::GetBlockList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getBlockList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::GetBlockList)
;
                        }
                        GeneratedField::BlockUsers => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blockUsers"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::BlockUsers)
;
                        }
                        GeneratedField::UnblockUsers => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unblockUsers"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(client_message::Body::UnblockUsers)
;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ClientMessage {
                    id: id__.unwrap_or_default(),
                    body: body__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.ClientMessage", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ConnectionEnded {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.cause != 0 {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        if self.by_platform != 0 {
            len += 1;
        }
        if self.retry_after_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.ConnectionEnded", len)?;
        if self.cause != 0 {
            let v = connection_ended::Cause::try_from(self.cause)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.cause)))?;
            struct_ser.serialize_field("cause", &v)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        if self.by_platform != 0 {
            let v = Platform::try_from(self.by_platform)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.by_platform)))?;
            struct_ser.serialize_field("byPlatform", &v)?;
        }
        if self.retry_after_ms != 0 {
            struct_ser.serialize_field("retryAfterMs", &self.retry_after_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ConnectionEnded {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "cause",
            "message",
            "by_platform",
            "byPlatform",
            "retry_after_ms",
            "retryAfterMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Cause,
            Message,
            ByPlatform,
            RetryAfterMs,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "cause" => Ok(GeneratedField::Cause),
                            "message" => Ok(GeneratedField::Message),
                            "byPlatform" | "by_platform" => Ok(GeneratedField::ByPlatform),
                            "retryAfterMs" | "retry_after_ms" => Ok(GeneratedField::RetryAfterMs),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ConnectionEnded;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.ConnectionEnded")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ConnectionEnded, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut cause__ = None;
                let mut message__ = None;
                let mut by_platform__ = None;
                let mut retry_after_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Cause => {
                            if cause__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cause"));
                            }
                            cause__ = Some(map_.next_value::<connection_ended::Cause>()? as i32);
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ByPlatform => {
                            if by_platform__.is_some() {
                                return Err(serde::de::Error::duplicate_field("byPlatform"));
                            }
                            by_platform__ = Some(map_.next_value::<Platform>()? as i32);
                        }
                        GeneratedField::RetryAfterMs => {
                            if retry_after_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("retryAfterMs"));
                            }
                            retry_after_ms__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ConnectionEnded {
                    cause: cause__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                    by_platform: by_platform__.unwrap_or_default(),
                    retry_after_ms: retry_after_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.ConnectionEnded", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for connection_ended::Cause {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "CAUSE_UNSPECIFIED",
            Self::KickedByOtherLogin => "CAUSE_KICKED_BY_OTHER_LOGIN",
            Self::KickedByOperator => "CAUSE_KICKED_BY_OPERATOR",
            Self::UserSigExpired => "CAUSE_USER_SIG_EXPIRED",
            Self::AccountDeleted => "CAUSE_ACCOUNT_DELETED",
            Self::Reconnect => "CAUSE_RECONNECT",
            Self::Superseded => "CAUSE_SUPERSEDED",
            Self::ProtocolError => "CAUSE_PROTOCOL_ERROR",
            Self::LoginTimeout => "CAUSE_LOGIN_TIMEOUT",
            Self::TooManyConnections => "CAUSE_TOO_MANY_CONNECTIONS",
            Self::Timeout => "CAUSE_TIMEOUT",
            Self::LoggedOut => "CAUSE_LOGGED_OUT",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for connection_ended::Cause {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "CAUSE_UNSPECIFIED",
            "CAUSE_KICKED_BY_OTHER_LOGIN",
            "CAUSE_KICKED_BY_OPERATOR",
            "CAUSE_USER_SIG_EXPIRED",
            "CAUSE_ACCOUNT_DELETED",
            "CAUSE_RECONNECT",
            "CAUSE_SUPERSEDED",
            "CAUSE_PROTOCOL_ERROR",
            "CAUSE_LOGIN_TIMEOUT",
            "CAUSE_TOO_MANY_CONNECTIONS",
            "CAUSE_TIMEOUT",
            "CAUSE_LOGGED_OUT",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = connection_ended::Cause;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "CAUSE_UNSPECIFIED" => Ok(connection_ended::Cause::Unspecified),
                    "CAUSE_KICKED_BY_OTHER_LOGIN" => Ok(connection_ended::Cause::KickedByOtherLogin),
                    "CAUSE_KICKED_BY_OPERATOR" => Ok(connection_ended::Cause::KickedByOperator),
                    "CAUSE_USER_SIG_EXPIRED" => Ok(connection_ended::Cause::UserSigExpired),
                    "CAUSE_ACCOUNT_DELETED" => Ok(connection_ended::Cause::AccountDeleted),
                    "CAUSE_RECONNECT" => Ok(connection_ended::Cause::Reconnect),
                    "CAUSE_SUPERSEDED" => Ok(connection_ended::Cause::Superseded),
                    "CAUSE_PROTOCOL_ERROR" => Ok(connection_ended::Cause::ProtocolError),
                    "CAUSE_LOGIN_TIMEOUT" => Ok(connection_ended::Cause::LoginTimeout),
                    "CAUSE_TOO_MANY_CONNECTIONS" => Ok(connection_ended::Cause::TooManyConnections),
                    "CAUSE_TIMEOUT" => Ok(connection_ended::Cause::Timeout),
                    "CAUSE_LOGGED_OUT" => Ok(connection_ended::Cause::LoggedOut),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Conversation {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.peer.is_empty() {
            len += 1;
        }
        if self.last_message.is_some() {
            len += 1;
        }
        if self.unread != 0 {
            len += 1;
        }
        if self.read_sequence != 0 {
            len += 1;
        }
        if self.pinned {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if !self.remark.is_empty() {
            len += 1;
        }
        if self.active_at != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Conversation", len)?;
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        if let Some(v) = self.last_message.as_ref() {
            struct_ser.serialize_field("lastMessage", v)?;
        }
        if self.unread != 0 {
            struct_ser.serialize_field("unread", &self.unread)?;
        }
        if self.read_sequence != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("readSequence", ToString::to_string(&self.read_sequence).as_str())?;
        }
        if self.pinned {
            struct_ser.serialize_field("pinned", &self.pinned)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if !self.remark.is_empty() {
            struct_ser.serialize_field("remark", &self.remark)?;
        }
        if self.active_at != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("activeAt", ToString::to_string(&self.active_at).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Conversation {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "peer",
            "last_message",
            "lastMessage",
            "unread",
            "read_sequence",
            "readSequence",
            "pinned",
            "profile",
            "remark",
            "active_at",
            "activeAt",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Peer,
            LastMessage,
            Unread,
            ReadSequence,
            Pinned,
            Profile,
            Remark,
            ActiveAt,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "peer" => Ok(GeneratedField::Peer),
                            "lastMessage" | "last_message" => Ok(GeneratedField::LastMessage),
                            "unread" => Ok(GeneratedField::Unread),
                            "readSequence" | "read_sequence" => Ok(GeneratedField::ReadSequence),
                            "pinned" => Ok(GeneratedField::Pinned),
                            "profile" => Ok(GeneratedField::Profile),
                            "remark" => Ok(GeneratedField::Remark),
                            "activeAt" | "active_at" => Ok(GeneratedField::ActiveAt),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Conversation;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Conversation")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Conversation, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut peer__ = None;
                let mut last_message__ = None;
                let mut unread__ = None;
                let mut read_sequence__ = None;
                let mut pinned__ = None;
                let mut profile__ = None;
                let mut remark__ = None;
                let mut active_at__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::LastMessage => {
                            if last_message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lastMessage"));
                            }
                            last_message__ = map_.next_value()?;
                        }
                        GeneratedField::Unread => {
                            if unread__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unread"));
                            }
                            unread__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ReadSequence => {
                            if read_sequence__.is_some() {
                                return Err(serde::de::Error::duplicate_field("readSequence"));
                            }
                            read_sequence__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Pinned => {
                            if pinned__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pinned"));
                            }
                            pinned__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::Remark => {
                            if remark__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remark"));
                            }
                            remark__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ActiveAt => {
                            if active_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("activeAt"));
                            }
                            active_at__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Conversation {
                    peer: peer__.unwrap_or_default(),
                    last_message: last_message__,
                    unread: unread__.unwrap_or_default(),
                    read_sequence: read_sequence__.unwrap_or_default(),
                    pinned: pinned__.unwrap_or_default(),
                    profile: profile__,
                    remark: remark__.unwrap_or_default(),
                    active_at: active_at__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Conversation", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for CustomElement {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.data.is_empty() {
            len += 1;
        }
        if !self.description.is_empty() {
            len += 1;
        }
        if !self.extension.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.CustomElement", len)?;
        if !self.data.is_empty() {
            struct_ser.serialize_field("data", &self.data)?;
        }
        if !self.description.is_empty() {
            struct_ser.serialize_field("description", &self.description)?;
        }
        if !self.extension.is_empty() {
            struct_ser.serialize_field("extension", &self.extension)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for CustomElement {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "data",
            "description",
            "extension",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Data,
            Description,
            Extension,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "data" => Ok(GeneratedField::Data),
                            "description" => Ok(GeneratedField::Description),
                            "extension" => Ok(GeneratedField::Extension),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = CustomElement;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.CustomElement")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<CustomElement, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut data__ = None;
                let mut description__ = None;
                let mut extension__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Data => {
                            if data__.is_some() {
                                return Err(serde::de::Error::duplicate_field("data"));
                            }
                            data__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Description => {
                            if description__.is_some() {
                                return Err(serde::de::Error::duplicate_field("description"));
                            }
                            description__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Extension => {
                            if extension__.is_some() {
                                return Err(serde::de::Error::duplicate_field("extension"));
                            }
                            extension__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(CustomElement {
                    data: data__.unwrap_or_default(),
                    description: description__.unwrap_or_default(),
                    extension: extension__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.CustomElement", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DeleteConversationRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.peer.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.DeleteConversationRequest", len)?;
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DeleteConversationRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "peer",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Peer,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "peer" => Ok(GeneratedField::Peer),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DeleteConversationRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.DeleteConversationRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DeleteConversationRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut peer__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(DeleteConversationRequest {
                    peer: peer__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.DeleteConversationRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DeleteConversationResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.DeleteConversationResponse", len)?;
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DeleteConversationResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DeleteConversationResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.DeleteConversationResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DeleteConversationResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(DeleteConversationResponse {
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.DeleteConversationResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DeleteFriendsRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        if self.single {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.DeleteFriendsRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        if self.single {
            struct_ser.serialize_field("single", &self.single)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DeleteFriendsRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
            "single",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            Single,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            "single" => Ok(GeneratedField::Single),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DeleteFriendsRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.DeleteFriendsRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DeleteFriendsRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                let mut single__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Single => {
                            if single__.is_some() {
                                return Err(serde::de::Error::duplicate_field("single"));
                            }
                            single__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(DeleteFriendsRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                    single: single__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.DeleteFriendsRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for DeleteFriendsResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.failures.is_empty() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.DeleteFriendsResponse", len)?;
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for DeleteFriendsResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "failures",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Failures,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "failures" => Ok(GeneratedField::Failures),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = DeleteFriendsResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.DeleteFriendsResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<DeleteFriendsResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut failures__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(DeleteFriendsResponse {
                    failures: failures__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.DeleteFriendsResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Failure {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if self.code != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Failure", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if self.code != 0 {
            struct_ser.serialize_field("code", &self.code)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Failure {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "code",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Code,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "code" => Ok(GeneratedField::Code),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Failure;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Failure")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Failure, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut code__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Failure {
                    user_id: user_id__.unwrap_or_default(),
                    code: code__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Failure", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Friend {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if !self.remark.is_empty() {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if self.mutual {
            len += 1;
        }
        if self.added_at != 0 {
            len += 1;
        }
        if !self.add_source.is_empty() {
            len += 1;
        }
        if !self.add_wording.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Friend", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if !self.remark.is_empty() {
            struct_ser.serialize_field("remark", &self.remark)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if self.mutual {
            struct_ser.serialize_field("mutual", &self.mutual)?;
        }
        if self.added_at != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("addedAt", ToString::to_string(&self.added_at).as_str())?;
        }
        if !self.add_source.is_empty() {
            struct_ser.serialize_field("addSource", &self.add_source)?;
        }
        if !self.add_wording.is_empty() {
            struct_ser.serialize_field("addWording", &self.add_wording)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Friend {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "remark",
            "profile",
            "mutual",
            "added_at",
            "addedAt",
            "add_source",
            "addSource",
            "add_wording",
            "addWording",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Remark,
            Profile,
            Mutual,
            AddedAt,
            AddSource,
            AddWording,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "remark" => Ok(GeneratedField::Remark),
                            "profile" => Ok(GeneratedField::Profile),
                            "mutual" => Ok(GeneratedField::Mutual),
                            "addedAt" | "added_at" => Ok(GeneratedField::AddedAt),
                            "addSource" | "add_source" => Ok(GeneratedField::AddSource),
                            "addWording" | "add_wording" => Ok(GeneratedField::AddWording),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Friend;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Friend")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Friend, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut remark__ = None;
                let mut profile__ = None;
                let mut mutual__ = None;
                let mut added_at__ = None;
                let mut add_source__ = None;
                let mut add_wording__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Remark => {
                            if remark__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remark"));
                            }
                            remark__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::Mutual => {
                            if mutual__.is_some() {
                                return Err(serde::de::Error::duplicate_field("mutual"));
                            }
                            mutual__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AddedAt => {
                            if added_at__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addedAt"));
                            }
                            added_at__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::AddSource => {
                            if add_source__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addSource"));
                            }
                            add_source__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AddWording => {
                            if add_wording__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addWording"));
                            }
                            add_wording__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Friend {
                    user_id: user_id__.unwrap_or_default(),
                    remark: remark__.unwrap_or_default(),
                    profile: profile__,
                    mutual: mutual__.unwrap_or_default(),
                    added_at: added_at__.unwrap_or_default(),
                    add_source: add_source__.unwrap_or_default(),
                    add_wording: add_wording__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Friend", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetBlockListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("lamplight.v1.GetBlockListRequest", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetBlockListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Ok(GeneratedField::__SkipField__)
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetBlockListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetBlockListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetBlockListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(GetBlockListRequest {
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetBlockListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetBlockListResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.visibility != 0 {
            len += 1;
        }
        if !self.blocked.is_empty() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetBlockListResponse", len)?;
        if self.visibility != 0 {
            let v = Visibility::try_from(self.visibility)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.visibility)))?;
            struct_ser.serialize_field("visibility", &v)?;
        }
        if !self.blocked.is_empty() {
            struct_ser.serialize_field("blocked", &self.blocked)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetBlockListResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "visibility",
            "blocked",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Visibility,
            Blocked,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "visibility" => Ok(GeneratedField::Visibility),
                            "blocked" => Ok(GeneratedField::Blocked),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetBlockListResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetBlockListResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetBlockListResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut visibility__ = None;
                let mut blocked__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Visibility => {
                            if visibility__.is_some() {
                                return Err(serde::de::Error::duplicate_field("visibility"));
                            }
                            visibility__ = Some(map_.next_value::<Visibility>()? as i32);
                        }
                        GeneratedField::Blocked => {
                            if blocked__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blocked"));
                            }
                            blocked__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetBlockListResponse {
                    visibility: visibility__.unwrap_or_default(),
                    blocked: blocked__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetBlockListResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetConversationListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.cursor.is_empty() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetConversationListRequest", len)?;
        if !self.cursor.is_empty() {
            struct_ser.serialize_field("cursor", &self.cursor)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetConversationListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "cursor",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Cursor,
            Limit,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "cursor" => Ok(GeneratedField::Cursor),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetConversationListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetConversationListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetConversationListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut cursor__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Cursor => {
                            if cursor__.is_some() {
                                return Err(serde::de::Error::duplicate_field("cursor"));
                            }
                            cursor__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetConversationListRequest {
                    cursor: cursor__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetConversationListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetConversationListResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.conversations.is_empty() {
            len += 1;
        }
        if !self.next.is_empty() {
            len += 1;
        }
        if self.total_unread != 0 {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetConversationListResponse", len)?;
        if !self.conversations.is_empty() {
            struct_ser.serialize_field("conversations", &self.conversations)?;
        }
        if !self.next.is_empty() {
            struct_ser.serialize_field("next", &self.next)?;
        }
        if self.total_unread != 0 {
            struct_ser.serialize_field("totalUnread", &self.total_unread)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetConversationListResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "conversations",
            "next",
            "total_unread",
            "totalUnread",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Conversations,
            Next,
            TotalUnread,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "conversations" => Ok(GeneratedField::Conversations),
                            "next" => Ok(GeneratedField::Next),
                            "totalUnread" | "total_unread" => Ok(GeneratedField::TotalUnread),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetConversationListResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetConversationListResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetConversationListResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut conversations__ = None;
                let mut next__ = None;
                let mut total_unread__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Conversations => {
                            if conversations__.is_some() {
                                return Err(serde::de::Error::duplicate_field("conversations"));
                            }
                            conversations__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Next => {
                            if next__.is_some() {
                                return Err(serde::de::Error::duplicate_field("next"));
                            }
                            next__ = Some(map_.next_value()?);
                        }
                        GeneratedField::TotalUnread => {
                            if total_unread__.is_some() {
                                return Err(serde::de::Error::duplicate_field("totalUnread"));
                            }
                            total_unread__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetConversationListResponse {
                    conversations: conversations__.unwrap_or_default(),
                    next: next__.unwrap_or_default(),
                    total_unread: total_unread__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetConversationListResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetFriendListRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.after.is_empty() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetFriendListRequest", len)?;
        if !self.after.is_empty() {
            struct_ser.serialize_field("after", &self.after)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetFriendListRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "after",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            After,
            Limit,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "after" => Ok(GeneratedField::After),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetFriendListRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetFriendListRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetFriendListRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut after__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::After => {
                            if after__.is_some() {
                                return Err(serde::de::Error::duplicate_field("after"));
                            }
                            after__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetFriendListRequest {
                    after: after__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetFriendListRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetFriendListResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.friends.is_empty() {
            len += 1;
        }
        if self.finished {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetFriendListResponse", len)?;
        if !self.friends.is_empty() {
            struct_ser.serialize_field("friends", &self.friends)?;
        }
        if self.finished {
            struct_ser.serialize_field("finished", &self.finished)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetFriendListResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "friends",
            "finished",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Friends,
            Finished,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "friends" => Ok(GeneratedField::Friends),
                            "finished" => Ok(GeneratedField::Finished),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetFriendListResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetFriendListResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetFriendListResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut friends__ = None;
                let mut finished__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Friends => {
                            if friends__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friends"));
                            }
                            friends__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Finished => {
                            if finished__.is_some() {
                                return Err(serde::de::Error::duplicate_field("finished"));
                            }
                            finished__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetFriendListResponse {
                    friends: friends__.unwrap_or_default(),
                    finished: finished__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetFriendListResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetHistoryRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.peer.is_empty() {
            len += 1;
        }
        if self.before != 0 {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetHistoryRequest", len)?;
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        if self.before != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("before", ToString::to_string(&self.before).as_str())?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetHistoryRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "peer",
            "before",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Peer,
            Before,
            Limit,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "peer" => Ok(GeneratedField::Peer),
                            "before" => Ok(GeneratedField::Before),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetHistoryRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetHistoryRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetHistoryRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut peer__ = None;
                let mut before__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Before => {
                            if before__.is_some() {
                                return Err(serde::de::Error::duplicate_field("before"));
                            }
                            before__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetHistoryRequest {
                    peer: peer__.unwrap_or_default(),
                    before: before__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetHistoryRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetHistoryResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.messages.is_empty() {
            len += 1;
        }
        if self.finished {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetHistoryResponse", len)?;
        if !self.messages.is_empty() {
            struct_ser.serialize_field("messages", &self.messages)?;
        }
        if self.finished {
            struct_ser.serialize_field("finished", &self.finished)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetHistoryResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "messages",
            "finished",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Messages,
            Finished,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "messages" => Ok(GeneratedField::Messages),
                            "finished" => Ok(GeneratedField::Finished),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetHistoryResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetHistoryResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetHistoryResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut messages__ = None;
                let mut finished__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Messages => {
                            if messages__.is_some() {
                                return Err(serde::de::Error::duplicate_field("messages"));
                            }
                            messages__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Finished => {
                            if finished__.is_some() {
                                return Err(serde::de::Error::duplicate_field("finished"));
                            }
                            finished__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetHistoryResponse {
                    messages: messages__.unwrap_or_default(),
                    finished: finished__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetHistoryResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetSubscriptionsRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("lamplight.v1.GetSubscriptionsRequest", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetSubscriptionsRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Ok(GeneratedField::__SkipField__)
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetSubscriptionsRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetSubscriptionsRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetSubscriptionsRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(GetSubscriptionsRequest {
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetSubscriptionsRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetSubscriptionsResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        if self.limit != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetSubscriptionsResponse", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        if self.limit != 0 {
            struct_ser.serialize_field("limit", &self.limit)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetSubscriptionsResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
            "limit",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            Limit,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            "limit" => Ok(GeneratedField::Limit),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetSubscriptionsResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetSubscriptionsResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetSubscriptionsResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                let mut limit__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Limit => {
                            if limit__.is_some() {
                                return Err(serde::de::Error::duplicate_field("limit"));
                            }
                            limit__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetSubscriptionsResponse {
                    user_ids: user_ids__.unwrap_or_default(),
                    limit: limit__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetSubscriptionsResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetUserStatusRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetUserStatusRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetUserStatusRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetUserStatusRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetUserStatusRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetUserStatusRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetUserStatusRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetUserStatusRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetUserStatusResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.statuses.is_empty() {
            len += 1;
        }
        if !self.failures.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetUserStatusResponse", len)?;
        if !self.statuses.is_empty() {
            struct_ser.serialize_field("statuses", &self.statuses)?;
        }
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetUserStatusResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "statuses",
            "failures",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Statuses,
            Failures,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "statuses" => Ok(GeneratedField::Statuses),
                            "failures" => Ok(GeneratedField::Failures),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetUserStatusResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetUserStatusResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetUserStatusResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut statuses__ = None;
                let mut failures__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Statuses => {
                            if statuses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statuses"));
                            }
                            statuses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetUserStatusResponse {
                    statuses: statuses__.unwrap_or_default(),
                    failures: failures__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetUserStatusResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetUsersInfoRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetUsersInfoRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetUsersInfoRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetUsersInfoRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetUsersInfoRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetUsersInfoRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetUsersInfoRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetUsersInfoRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for GetUsersInfoResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.profiles.is_empty() {
            len += 1;
        }
        if !self.failures.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.GetUsersInfoResponse", len)?;
        if !self.profiles.is_empty() {
            struct_ser.serialize_field("profiles", &self.profiles)?;
        }
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for GetUsersInfoResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "profiles",
            "failures",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Profiles,
            Failures,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "profiles" => Ok(GeneratedField::Profiles),
                            "failures" => Ok(GeneratedField::Failures),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = GetUsersInfoResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.GetUsersInfoResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<GetUsersInfoResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut profiles__ = None;
                let mut failures__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Profiles => {
                            if profiles__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profiles"));
                            }
                            profiles__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(GetUsersInfoResponse {
                    profiles: profiles__.unwrap_or_default(),
                    failures: failures__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.GetUsersInfoResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Heartbeat {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.reconnect_spread_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Heartbeat", len)?;
        if self.reconnect_spread_ms != 0 {
            struct_ser.serialize_field("reconnectSpreadMs", &self.reconnect_spread_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Heartbeat {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "reconnect_spread_ms",
            "reconnectSpreadMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ReconnectSpreadMs,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "reconnectSpreadMs" | "reconnect_spread_ms" => Ok(GeneratedField::ReconnectSpreadMs),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Heartbeat;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Heartbeat")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Heartbeat, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut reconnect_spread_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ReconnectSpreadMs => {
                            if reconnect_spread_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reconnectSpreadMs"));
                            }
                            reconnect_spread_ms__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Heartbeat {
                    reconnect_spread_ms: reconnect_spread_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Heartbeat", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ItemFailure {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if self.code != 0 {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.ItemFailure", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if self.code != 0 {
            struct_ser.serialize_field("code", &self.code)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ItemFailure {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "code",
            "message",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Code,
            Message,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "code" => Ok(GeneratedField::Code),
                            "message" => Ok(GeneratedField::Message),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ItemFailure;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.ItemFailure")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ItemFailure, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut code__ = None;
                let mut message__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ItemFailure {
                    user_id: user_id__.unwrap_or_default(),
                    code: code__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.ItemFailure", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Known {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if self.version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Known", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if self.version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("version", ToString::to_string(&self.version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Known {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "version",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Version,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "version" => Ok(GeneratedField::Version),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Known;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Known")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Known, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Version => {
                            if version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("version"));
                            }
                            version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Known {
                    user_id: user_id__.unwrap_or_default(),
                    version: version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Known", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ListsChanged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.lists_version != 0 {
            len += 1;
        }
        if !self.messages.is_empty() {
            len += 1;
        }
        if !self.conversations.is_empty() {
            len += 1;
        }
        if !self.deleted_conversations.is_empty() {
            len += 1;
        }
        if !self.friends.is_empty() {
            len += 1;
        }
        if !self.deleted_friends.is_empty() {
            len += 1;
        }
        if self.profile.is_some() {
            len += 1;
        }
        if self.reload {
            len += 1;
        }
        if self.total_unread.is_some() {
            len += 1;
        }
        if !self.profiles.is_empty() {
            len += 1;
        }
        if !self.blocked.is_empty() {
            len += 1;
        }
        if !self.unblocked.is_empty() {
            len += 1;
        }
        if self.visibility != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.ListsChanged", len)?;
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        if !self.messages.is_empty() {
            struct_ser.serialize_field("messages", &self.messages)?;
        }
        if !self.conversations.is_empty() {
            struct_ser.serialize_field("conversations", &self.conversations)?;
        }
        if !self.deleted_conversations.is_empty() {
            struct_ser.serialize_field("deletedConversations", &self.deleted_conversations)?;
        }
        if !self.friends.is_empty() {
            struct_ser.serialize_field("friends", &self.friends)?;
        }
        if !self.deleted_friends.is_empty() {
            struct_ser.serialize_field("deletedFriends", &self.deleted_friends)?;
        }
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if self.reload {
            struct_ser.serialize_field("reload", &self.reload)?;
        }
        if let Some(v) = self.total_unread.as_ref() {
            struct_ser.serialize_field("totalUnread", v)?;
        }
        if !self.profiles.is_empty() {
            struct_ser.serialize_field("profiles", &self.profiles)?;
        }
        if !self.blocked.is_empty() {
            struct_ser.serialize_field("blocked", &self.blocked)?;
        }
        if !self.unblocked.is_empty() {
            struct_ser.serialize_field("unblocked", &self.unblocked)?;
        }
        if self.visibility != 0 {
            let v = Visibility::try_from(self.visibility)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.visibility)))?;
            struct_ser.serialize_field("visibility", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ListsChanged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "lists_version",
            "listsVersion",
            "messages",
            "conversations",
            "deleted_conversations",
            "deletedConversations",
            "friends",
            "deleted_friends",
            "deletedFriends",
            "profile",
            "reload",
            "total_unread",
            "totalUnread",
            "profiles",
            "blocked",
            "unblocked",
            "visibility",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ListsVersion,
            Messages,
            Conversations,
            DeletedConversations,
            Friends,
            DeletedFriends,
            Profile,
            Reload,
            TotalUnread,
            Profiles,
            Blocked,
            Unblocked,
            Visibility,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            "messages" => Ok(GeneratedField::Messages),
                            "conversations" => Ok(GeneratedField::Conversations),
                            "deletedConversations" | "deleted_conversations" => Ok(GeneratedField::DeletedConversations),
                            "friends" => Ok(GeneratedField::Friends),
                            "deletedFriends" | "deleted_friends" => Ok(GeneratedField::DeletedFriends),
                            "profile" => Ok(GeneratedField::Profile),
                            "reload" => Ok(GeneratedField::Reload),
                            "totalUnread" | "total_unread" => Ok(GeneratedField::TotalUnread),
                            "profiles" => Ok(GeneratedField::Profiles),
                            "blocked" => Ok(GeneratedField::Blocked),
                            "unblocked" => Ok(GeneratedField::Unblocked),
                            "visibility" => Ok(GeneratedField::Visibility),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ListsChanged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.ListsChanged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ListsChanged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut lists_version__ = None;
                let mut messages__ = None;
                let mut conversations__ = None;
                let mut deleted_conversations__ = None;
                let mut friends__ = None;
                let mut deleted_friends__ = None;
                let mut profile__ = None;
                let mut reload__ = None;
                let mut total_unread__ = None;
                let mut profiles__ = None;
                let mut blocked__ = None;
                let mut unblocked__ = None;
                let mut visibility__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Messages => {
                            if messages__.is_some() {
                                return Err(serde::de::Error::duplicate_field("messages"));
                            }
                            messages__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Conversations => {
                            if conversations__.is_some() {
                                return Err(serde::de::Error::duplicate_field("conversations"));
                            }
                            conversations__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DeletedConversations => {
                            if deleted_conversations__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deletedConversations"));
                            }
                            deleted_conversations__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Friends => {
                            if friends__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friends"));
                            }
                            friends__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DeletedFriends => {
                            if deleted_friends__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deletedFriends"));
                            }
                            deleted_friends__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::Reload => {
                            if reload__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reload"));
                            }
                            reload__ = Some(map_.next_value()?);
                        }
                        GeneratedField::TotalUnread => {
                            if total_unread__.is_some() {
                                return Err(serde::de::Error::duplicate_field("totalUnread"));
                            }
                            total_unread__ =
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::Profiles => {
                            if profiles__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profiles"));
                            }
                            profiles__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Blocked => {
                            if blocked__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blocked"));
                            }
                            blocked__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Unblocked => {
                            if unblocked__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unblocked"));
                            }
                            unblocked__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Visibility => {
                            if visibility__.is_some() {
                                return Err(serde::de::Error::duplicate_field("visibility"));
                            }
                            visibility__ = Some(map_.next_value::<Visibility>()? as i32);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ListsChanged {
                    lists_version: lists_version__.unwrap_or_default(),
                    messages: messages__.unwrap_or_default(),
                    conversations: conversations__.unwrap_or_default(),
                    deleted_conversations: deleted_conversations__.unwrap_or_default(),
                    friends: friends__.unwrap_or_default(),
                    deleted_friends: deleted_friends__.unwrap_or_default(),
                    profile: profile__,
                    reload: reload__.unwrap_or_default(),
                    total_unread: total_unread__,
                    profiles: profiles__.unwrap_or_default(),
                    blocked: blocked__.unwrap_or_default(),
                    unblocked: unblocked__.unwrap_or_default(),
                    visibility: visibility__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.ListsChanged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for LoginRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.sdk_app_id != 0 {
            len += 1;
        }
        if !self.user_id.is_empty() {
            len += 1;
        }
        if !self.user_sig.is_empty() {
            len += 1;
        }
        if !self.device_id.is_empty() {
            len += 1;
        }
        if self.platform != 0 {
            len += 1;
        }
        if self.resume {
            len += 1;
        }
        if !self.known.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.LoginRequest", len)?;
        if self.sdk_app_id != 0 {
            struct_ser.serialize_field("sdkAppId", &self.sdk_app_id)?;
        }
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if !self.user_sig.is_empty() {
            struct_ser.serialize_field("userSig", &self.user_sig)?;
        }
        if !self.device_id.is_empty() {
            struct_ser.serialize_field("deviceId", &self.device_id)?;
        }
        if self.platform != 0 {
            let v = Platform::try_from(self.platform)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.platform)))?;
            struct_ser.serialize_field("platform", &v)?;
        }
        if self.resume {
            struct_ser.serialize_field("resume", &self.resume)?;
        }
        if !self.known.is_empty() {
            struct_ser.serialize_field("known", &self.known)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for LoginRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "sdk_app_id",
            "sdkAppId",
            "user_id",
            "userId",
            "user_sig",
            "userSig",
            "device_id",
            "deviceId",
            "platform",
            "resume",
            "known",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            SdkAppId,
            UserId,
            UserSig,
            DeviceId,
            Platform,
            Resume,
            Known,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "sdkAppId" | "sdk_app_id" => Ok(GeneratedField::SdkAppId),
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "userSig" | "user_sig" => Ok(GeneratedField::UserSig),
                            "deviceId" | "device_id" => Ok(GeneratedField::DeviceId),
                            "platform" => Ok(GeneratedField::Platform),
                            "resume" => Ok(GeneratedField::Resume),
                            "known" => Ok(GeneratedField::Known),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = LoginRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.LoginRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<LoginRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut sdk_app_id__ = None;
                let mut user_id__ = None;
                let mut user_sig__ = None;
                let mut device_id__ = None;
                let mut platform__ = None;
                let mut resume__ = None;
                let mut known__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::SdkAppId => {
                            if sdk_app_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sdkAppId"));
                            }
                            sdk_app_id__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::UserSig => {
                            if user_sig__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userSig"));
                            }
                            user_sig__ = Some(map_.next_value()?);
                        }
                        GeneratedField::DeviceId => {
                            if device_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deviceId"));
                            }
                            device_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Platform => {
                            if platform__.is_some() {
                                return Err(serde::de::Error::duplicate_field("platform"));
                            }
                            platform__ = Some(map_.next_value::<Platform>()? as i32);
                        }
                        GeneratedField::Resume => {
                            if resume__.is_some() {
                                return Err(serde::de::Error::duplicate_field("resume"));
                            }
                            resume__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Known => {
                            if known__.is_some() {
                                return Err(serde::de::Error::duplicate_field("known"));
                            }
                            known__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(LoginRequest {
                    sdk_app_id: sdk_app_id__.unwrap_or_default(),
                    user_id: user_id__.unwrap_or_default(),
                    user_sig: user_sig__.unwrap_or_default(),
                    device_id: device_id__.unwrap_or_default(),
                    platform: platform__.unwrap_or_default(),
                    resume: resume__.unwrap_or_default(),
                    known: known__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.LoginRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for LoginResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.heartbeat_timeout_ms != 0 {
            len += 1;
        }
        if self.server_time != 0 {
            len += 1;
        }
        if !self.statuses.is_empty() {
            len += 1;
        }
        if !self.not_watched.is_empty() {
            len += 1;
        }
        if self.subscriptions_lost {
            len += 1;
        }
        if self.registered {
            len += 1;
        }
        if !self.subscriptions.is_empty() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        if self.snapshot_complete {
            len += 1;
        }
        if self.abilities.is_some() {
            len += 1;
        }
        if self.reconnect_spread_ms != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.LoginResponse", len)?;
        if self.heartbeat_timeout_ms != 0 {
            struct_ser.serialize_field("heartbeatTimeoutMs", &self.heartbeat_timeout_ms)?;
        }
        if self.server_time != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("serverTime", ToString::to_string(&self.server_time).as_str())?;
        }
        if !self.statuses.is_empty() {
            struct_ser.serialize_field("statuses", &self.statuses)?;
        }
        if !self.not_watched.is_empty() {
            struct_ser.serialize_field("notWatched", &self.not_watched)?;
        }
        if self.subscriptions_lost {
            struct_ser.serialize_field("subscriptionsLost", &self.subscriptions_lost)?;
        }
        if self.registered {
            struct_ser.serialize_field("registered", &self.registered)?;
        }
        if !self.subscriptions.is_empty() {
            struct_ser.serialize_field("subscriptions", &self.subscriptions)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        if self.snapshot_complete {
            struct_ser.serialize_field("snapshotComplete", &self.snapshot_complete)?;
        }
        if let Some(v) = self.abilities.as_ref() {
            struct_ser.serialize_field("abilities", v)?;
        }
        if self.reconnect_spread_ms != 0 {
            struct_ser.serialize_field("reconnectSpreadMs", &self.reconnect_spread_ms)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for LoginResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "heartbeat_timeout_ms",
            "heartbeatTimeoutMs",
            "server_time",
            "serverTime",
            "statuses",
            "not_watched",
            "notWatched",
            "subscriptions_lost",
            "subscriptionsLost",
            "registered",
            "subscriptions",
            "lists_version",
            "listsVersion",
            "snapshot_complete",
            "snapshotComplete",
            "abilities",
            "reconnect_spread_ms",
            "reconnectSpreadMs",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            HeartbeatTimeoutMs,
            ServerTime,
            Statuses,
            NotWatched,
            SubscriptionsLost,
            Registered,
            Subscriptions,
            ListsVersion,
            SnapshotComplete,
            Abilities,
            ReconnectSpreadMs,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "heartbeatTimeoutMs" | "heartbeat_timeout_ms" => Ok(GeneratedField::HeartbeatTimeoutMs),
                            "serverTime" | "server_time" => Ok(GeneratedField::ServerTime),
                            "statuses" => Ok(GeneratedField::Statuses),
                            "notWatched" | "not_watched" => Ok(GeneratedField::NotWatched),
                            "subscriptionsLost" | "subscriptions_lost" => Ok(GeneratedField::SubscriptionsLost),
                            "registered" => Ok(GeneratedField::Registered),
                            "subscriptions" => Ok(GeneratedField::Subscriptions),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            "snapshotComplete" | "snapshot_complete" => Ok(GeneratedField::SnapshotComplete),
                            "abilities" => Ok(GeneratedField::Abilities),
                            "reconnectSpreadMs" | "reconnect_spread_ms" => Ok(GeneratedField::ReconnectSpreadMs),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = LoginResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.LoginResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<LoginResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut heartbeat_timeout_ms__ = None;
                let mut server_time__ = None;
                let mut statuses__ = None;
                let mut not_watched__ = None;
                let mut subscriptions_lost__ = None;
                let mut registered__ = None;
                let mut subscriptions__ = None;
                let mut lists_version__ = None;
                let mut snapshot_complete__ = None;
                let mut abilities__ = None;
                let mut reconnect_spread_ms__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::HeartbeatTimeoutMs => {
                            if heartbeat_timeout_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("heartbeatTimeoutMs"));
                            }
                            heartbeat_timeout_ms__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::ServerTime => {
                            if server_time__.is_some() {
                                return Err(serde::de::Error::duplicate_field("serverTime"));
                            }
                            server_time__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Statuses => {
                            if statuses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statuses"));
                            }
                            statuses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::NotWatched => {
                            if not_watched__.is_some() {
                                return Err(serde::de::Error::duplicate_field("notWatched"));
                            }
                            not_watched__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SubscriptionsLost => {
                            if subscriptions_lost__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscriptionsLost"));
                            }
                            subscriptions_lost__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Registered => {
                            if registered__.is_some() {
                                return Err(serde::de::Error::duplicate_field("registered"));
                            }
                            registered__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Subscriptions => {
                            if subscriptions__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscriptions"));
                            }
                            subscriptions__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::SnapshotComplete => {
                            if snapshot_complete__.is_some() {
                                return Err(serde::de::Error::duplicate_field("snapshotComplete"));
                            }
                            snapshot_complete__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Abilities => {
                            if abilities__.is_some() {
                                return Err(serde::de::Error::duplicate_field("abilities"));
                            }
                            abilities__ = map_.next_value()?;
                        }
                        GeneratedField::ReconnectSpreadMs => {
                            if reconnect_spread_ms__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reconnectSpreadMs"));
                            }
                            reconnect_spread_ms__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(LoginResponse {
                    heartbeat_timeout_ms: heartbeat_timeout_ms__.unwrap_or_default(),
                    server_time: server_time__.unwrap_or_default(),
                    statuses: statuses__.unwrap_or_default(),
                    not_watched: not_watched__.unwrap_or_default(),
                    subscriptions_lost: subscriptions_lost__.unwrap_or_default(),
                    registered: registered__.unwrap_or_default(),
                    subscriptions: subscriptions__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                    snapshot_complete: snapshot_complete__.unwrap_or_default(),
                    abilities: abilities__,
                    reconnect_spread_ms: reconnect_spread_ms__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.LoginResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for LogoutRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("lamplight.v1.LogoutRequest", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for LogoutRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Ok(GeneratedField::__SkipField__)
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = LogoutRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.LogoutRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<LogoutRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(LogoutRequest {
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.LogoutRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for LogoutResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let len = 0;
        let struct_ser = serializer.serialize_struct("lamplight.v1.LogoutResponse", len)?;
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for LogoutResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                            Ok(GeneratedField::__SkipField__)
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = LogoutResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.LogoutResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<LogoutResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                while map_.next_key::<GeneratedField>()?.is_some() {
                    let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                }
                Ok(LogoutResponse {
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.LogoutResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MarkReadRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.peer.is_empty() {
            len += 1;
        }
        if self.sequence != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.MarkReadRequest", len)?;
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        if self.sequence != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("sequence", ToString::to_string(&self.sequence).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for MarkReadRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "peer",
            "sequence",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Peer,
            Sequence,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "peer" => Ok(GeneratedField::Peer),
                            "sequence" => Ok(GeneratedField::Sequence),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = MarkReadRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.MarkReadRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<MarkReadRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut peer__ = None;
                let mut sequence__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Sequence => {
                            if sequence__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sequence"));
                            }
                            sequence__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(MarkReadRequest {
                    peer: peer__.unwrap_or_default(),
                    sequence: sequence__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.MarkReadRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for MarkReadResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.conversation.is_some() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.MarkReadResponse", len)?;
        if let Some(v) = self.conversation.as_ref() {
            struct_ser.serialize_field("conversation", v)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for MarkReadResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "conversation",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Conversation,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "conversation" => Ok(GeneratedField::Conversation),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = MarkReadResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.MarkReadResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<MarkReadResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut conversation__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Conversation => {
                            if conversation__.is_some() {
                                return Err(serde::de::Error::duplicate_field("conversation"));
                            }
                            conversation__ = map_.next_value()?;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(MarkReadResponse {
                    conversation: conversation__,
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.MarkReadResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Message {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.from.is_empty() {
            len += 1;
        }
        if !self.to.is_empty() {
            len += 1;
        }
        if self.sequence != 0 {
            len += 1;
        }
        if self.time != 0 {
            len += 1;
        }
        if !self.text.is_empty() {
            len += 1;
        }
        if !self.client_message_id.is_empty() {
            len += 1;
        }
        if self.custom.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Message", len)?;
        if !self.from.is_empty() {
            struct_ser.serialize_field("from", &self.from)?;
        }
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if self.sequence != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("sequence", ToString::to_string(&self.sequence).as_str())?;
        }
        if self.time != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("time", ToString::to_string(&self.time).as_str())?;
        }
        if !self.text.is_empty() {
            struct_ser.serialize_field("text", &self.text)?;
        }
        if !self.client_message_id.is_empty() {
            struct_ser.serialize_field("clientMessageId", &self.client_message_id)?;
        }
        if let Some(v) = self.custom.as_ref() {
            struct_ser.serialize_field("custom", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Message {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "from",
            "to",
            "sequence",
            "time",
            "text",
            "client_message_id",
            "clientMessageId",
            "custom",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            From,
            To,
            Sequence,
            Time,
            Text,
            ClientMessageId,
            Custom,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "from" => Ok(GeneratedField::From),
                            "to" => Ok(GeneratedField::To),
                            "sequence" => Ok(GeneratedField::Sequence),
                            "time" => Ok(GeneratedField::Time),
                            "text" => Ok(GeneratedField::Text),
                            "clientMessageId" | "client_message_id" => Ok(GeneratedField::ClientMessageId),
                            "custom" => Ok(GeneratedField::Custom),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Message;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Message")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Message, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut from__ = None;
                let mut to__ = None;
                let mut sequence__ = None;
                let mut time__ = None;
                let mut text__ = None;
                let mut client_message_id__ = None;
                let mut custom__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::From => {
                            if from__.is_some() {
                                return Err(serde::de::Error::duplicate_field("from"));
                            }
                            from__ = Some(map_.next_value()?);
                        }
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Sequence => {
                            if sequence__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sequence"));
                            }
                            sequence__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Time => {
                            if time__.is_some() {
                                return Err(serde::de::Error::duplicate_field("time"));
                            }
                            time__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Text => {
                            if text__.is_some() {
                                return Err(serde::de::Error::duplicate_field("text"));
                            }
                            text__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ClientMessageId => {
                            if client_message_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientMessageId"));
                            }
                            client_message_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Custom => {
                            if custom__.is_some() {
                                return Err(serde::de::Error::duplicate_field("custom"));
                            }
                            custom__ = map_.next_value()?;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Message {
                    from: from__.unwrap_or_default(),
                    to: to__.unwrap_or_default(),
                    sequence: sequence__.unwrap_or_default(),
                    time: time__.unwrap_or_default(),
                    text: text__.unwrap_or_default(),
                    client_message_id: client_message_id__.unwrap_or_default(),
                    custom: custom__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Message", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PinConversationRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.peer.is_empty() {
            len += 1;
        }
        if self.pinned {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.PinConversationRequest", len)?;
        if !self.peer.is_empty() {
            struct_ser.serialize_field("peer", &self.peer)?;
        }
        if self.pinned {
            struct_ser.serialize_field("pinned", &self.pinned)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PinConversationRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "peer",
            "pinned",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Peer,
            Pinned,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "peer" => Ok(GeneratedField::Peer),
                            "pinned" => Ok(GeneratedField::Pinned),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PinConversationRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.PinConversationRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PinConversationRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut peer__ = None;
                let mut pinned__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Peer => {
                            if peer__.is_some() {
                                return Err(serde::de::Error::duplicate_field("peer"));
                            }
                            peer__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Pinned => {
                            if pinned__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pinned"));
                            }
                            pinned__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(PinConversationRequest {
                    peer: peer__.unwrap_or_default(),
                    pinned: pinned__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.PinConversationRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for PinConversationResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.conversation.is_some() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.PinConversationResponse", len)?;
        if let Some(v) = self.conversation.as_ref() {
            struct_ser.serialize_field("conversation", v)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for PinConversationResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "conversation",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Conversation,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "conversation" => Ok(GeneratedField::Conversation),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = PinConversationResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.PinConversationResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<PinConversationResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut conversation__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Conversation => {
                            if conversation__.is_some() {
                                return Err(serde::de::Error::duplicate_field("conversation"));
                            }
                            conversation__ = map_.next_value()?;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(PinConversationResponse {
                    conversation: conversation__,
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.PinConversationResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Platform {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "PLATFORM_UNSPECIFIED",
            Self::Iphone => "PLATFORM_IPHONE",
            Self::Android => "PLATFORM_ANDROID",
            Self::Ipad => "PLATFORM_IPAD",
            Self::Windows => "PLATFORM_WINDOWS",
            Self::Mac => "PLATFORM_MAC",
            Self::Linux => "PLATFORM_LINUX",
            Self::Web => "PLATFORM_WEB",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Platform {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "PLATFORM_UNSPECIFIED",
            "PLATFORM_IPHONE",
            "PLATFORM_ANDROID",
            "PLATFORM_IPAD",
            "PLATFORM_WINDOWS",
            "PLATFORM_MAC",
            "PLATFORM_LINUX",
            "PLATFORM_WEB",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Platform;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "PLATFORM_UNSPECIFIED" => Ok(Platform::Unspecified),
                    "PLATFORM_IPHONE" => Ok(Platform::Iphone),
                    "PLATFORM_ANDROID" => Ok(Platform::Android),
                    "PLATFORM_IPAD" => Ok(Platform::Ipad),
                    "PLATFORM_WINDOWS" => Ok(Platform::Windows),
                    "PLATFORM_MAC" => Ok(Platform::Mac),
                    "PLATFORM_LINUX" => Ok(Platform::Linux),
                    "PLATFORM_WEB" => Ok(Platform::Web),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Profile {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if !self.nick.is_empty() {
            len += 1;
        }
        if !self.avatar_url.is_empty() {
            len += 1;
        }
        if self.allow_type != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Profile", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if !self.nick.is_empty() {
            struct_ser.serialize_field("nick", &self.nick)?;
        }
        if !self.avatar_url.is_empty() {
            struct_ser.serialize_field("avatarUrl", &self.avatar_url)?;
        }
        if self.allow_type != 0 {
            let v = AllowType::try_from(self.allow_type)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.allow_type)))?;
            struct_ser.serialize_field("allowType", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Profile {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "nick",
            "avatar_url",
            "avatarUrl",
            "allow_type",
            "allowType",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Nick,
            AvatarUrl,
            AllowType,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "nick" => Ok(GeneratedField::Nick),
                            "avatarUrl" | "avatar_url" => Ok(GeneratedField::AvatarUrl),
                            "allowType" | "allow_type" => Ok(GeneratedField::AllowType),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Profile;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Profile")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Profile, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut nick__ = None;
                let mut avatar_url__ = None;
                let mut allow_type__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Nick => {
                            if nick__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nick"));
                            }
                            nick__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AvatarUrl => {
                            if avatar_url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("avatarUrl"));
                            }
                            avatar_url__ = Some(map_.next_value()?);
                        }
                        GeneratedField::AllowType => {
                            if allow_type__.is_some() {
                                return Err(serde::de::Error::duplicate_field("allowType"));
                            }
                            allow_type__ = Some(map_.next_value::<AllowType>()? as i32);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Profile {
                    user_id: user_id__.unwrap_or_default(),
                    nick: nick__.unwrap_or_default(),
                    avatar_url: avatar_url__.unwrap_or_default(),
                    allow_type: allow_type__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Profile", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Reason {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::None => "REASON_NONE",
            Self::Login => "REASON_LOGIN",
            Self::Logout => "REASON_LOGOUT",
            Self::LinkClosed => "REASON_LINK_CLOSED",
            Self::Timeout => "REASON_TIMEOUT",
            Self::Kicked => "REASON_KICKED",
            Self::SigExpired => "REASON_SIG_EXPIRED",
            Self::Lapsed => "REASON_LAPSED",
            Self::Deleted => "REASON_DELETED",
            Self::Custom => "REASON_CUSTOM",
            Self::NodeLost => "REASON_NODE_LOST",
            Self::CustomExpired => "REASON_CUSTOM_EXPIRED",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Reason {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "REASON_NONE",
            "REASON_LOGIN",
            "REASON_LOGOUT",
            "REASON_LINK_CLOSED",
            "REASON_TIMEOUT",
            "REASON_KICKED",
            "REASON_SIG_EXPIRED",
            "REASON_LAPSED",
            "REASON_DELETED",
            "REASON_CUSTOM",
            "REASON_NODE_LOST",
            "REASON_CUSTOM_EXPIRED",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Reason;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "REASON_NONE" => Ok(Reason::None),
                    "REASON_LOGIN" => Ok(Reason::Login),
                    "REASON_LOGOUT" => Ok(Reason::Logout),
                    "REASON_LINK_CLOSED" => Ok(Reason::LinkClosed),
                    "REASON_TIMEOUT" => Ok(Reason::Timeout),
                    "REASON_KICKED" => Ok(Reason::Kicked),
                    "REASON_SIG_EXPIRED" => Ok(Reason::SigExpired),
                    "REASON_LAPSED" => Ok(Reason::Lapsed),
                    "REASON_DELETED" => Ok(Reason::Deleted),
                    "REASON_CUSTOM" => Ok(Reason::Custom),
                    "REASON_NODE_LOST" => Ok(Reason::NodeLost),
                    "REASON_CUSTOM_EXPIRED" => Ok(Reason::CustomExpired),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for Refusal {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.code != 0 {
            len += 1;
        }
        if !self.message.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.Refusal", len)?;
        if self.code != 0 {
            struct_ser.serialize_field("code", &self.code)?;
        }
        if !self.message.is_empty() {
            struct_ser.serialize_field("message", &self.message)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for Refusal {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "code",
            "message",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Code,
            Message,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "code" => Ok(GeneratedField::Code),
                            "message" => Ok(GeneratedField::Message),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = Refusal;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.Refusal")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<Refusal, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut code__ = None;
                let mut message__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Code => {
                            if code__.is_some() {
                                return Err(serde::de::Error::duplicate_field("code"));
                            }
                            code__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Refusal {
                    code: code__.unwrap_or_default(),
                    message: message__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.Refusal", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SendMessageRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.to.is_empty() {
            len += 1;
        }
        if !self.text.is_empty() {
            len += 1;
        }
        if !self.client_message_id.is_empty() {
            len += 1;
        }
        if self.custom.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SendMessageRequest", len)?;
        if !self.to.is_empty() {
            struct_ser.serialize_field("to", &self.to)?;
        }
        if !self.text.is_empty() {
            struct_ser.serialize_field("text", &self.text)?;
        }
        if !self.client_message_id.is_empty() {
            struct_ser.serialize_field("clientMessageId", &self.client_message_id)?;
        }
        if let Some(v) = self.custom.as_ref() {
            struct_ser.serialize_field("custom", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SendMessageRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "to",
            "text",
            "client_message_id",
            "clientMessageId",
            "custom",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            To,
            Text,
            ClientMessageId,
            Custom,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "to" => Ok(GeneratedField::To),
                            "text" => Ok(GeneratedField::Text),
                            "clientMessageId" | "client_message_id" => Ok(GeneratedField::ClientMessageId),
                            "custom" => Ok(GeneratedField::Custom),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SendMessageRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SendMessageRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SendMessageRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut to__ = None;
                let mut text__ = None;
                let mut client_message_id__ = None;
                let mut custom__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::To => {
                            if to__.is_some() {
                                return Err(serde::de::Error::duplicate_field("to"));
                            }
                            to__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Text => {
                            if text__.is_some() {
                                return Err(serde::de::Error::duplicate_field("text"));
                            }
                            text__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ClientMessageId => {
                            if client_message_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("clientMessageId"));
                            }
                            client_message_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Custom => {
                            if custom__.is_some() {
                                return Err(serde::de::Error::duplicate_field("custom"));
                            }
                            custom__ = map_.next_value()?;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SendMessageRequest {
                    to: to__.unwrap_or_default(),
                    text: text__.unwrap_or_default(),
                    client_message_id: client_message_id__.unwrap_or_default(),
                    custom: custom__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SendMessageRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SendMessageResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.message.is_some() {
            len += 1;
        }
        if self.repeated_send {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SendMessageResponse", len)?;
        if let Some(v) = self.message.as_ref() {
            struct_ser.serialize_field("message", v)?;
        }
        if self.repeated_send {
            struct_ser.serialize_field("repeatedSend", &self.repeated_send)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SendMessageResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "message",
            "repeated_send",
            "repeatedSend",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Message,
            RepeatedSend,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "message" => Ok(GeneratedField::Message),
                            "repeatedSend" | "repeated_send" => Ok(GeneratedField::RepeatedSend),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SendMessageResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SendMessageResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SendMessageResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut message__ = None;
                let mut repeated_send__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Message => {
                            if message__.is_some() {
                                return Err(serde::de::Error::duplicate_field("message"));
                            }
                            message__ = map_.next_value()?;
                        }
                        GeneratedField::RepeatedSend => {
                            if repeated_send__.is_some() {
                                return Err(serde::de::Error::duplicate_field("repeatedSend"));
                            }
                            repeated_send__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SendMessageResponse {
                    message: message__,
                    repeated_send: repeated_send__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SendMessageResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for ServerMessage {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.id != 0 {
            len += 1;
        }
        if self.body.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.ServerMessage", len)?;
        if self.id != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("id", ToString::to_string(&self.id).as_str())?;
        }
        if let Some(v) = self.body.as_ref() {
            match v {
                server_message::Body::Refusal(v) => {
                    struct_ser.serialize_field("refusal", v)?;
                }
                server_message::Body::Login(v) => {
                    struct_ser.serialize_field("login", v)?;
                }
                server_message::Body::Logout(v) => {
                    struct_ser.serialize_field("logout", v)?;
                }
                server_message::Body::SetSelfStatus(v) => {
                    struct_ser.serialize_field("setSelfStatus", v)?;
                }
                server_message::Body::GetUserStatus(v) => {
                    struct_ser.serialize_field("getUserStatus", v)?;
                }
                server_message::Body::SubscribeUserStatus(v) => {
                    struct_ser.serialize_field("subscribeUserStatus", v)?;
                }
                server_message::Body::UnsubscribeUserStatus(v) => {
                    struct_ser.serialize_field("unsubscribeUserStatus", v)?;
                }
                server_message::Body::GetSubscriptions(v) => {
                    struct_ser.serialize_field("getSubscriptions", v)?;
                }
                server_message::Body::Heartbeat(v) => {
                    struct_ser.serialize_field("heartbeat", v)?;
                }
                server_message::Body::StatusChanged(v) => {
                    struct_ser.serialize_field("statusChanged", v)?;
                }
                server_message::Body::SubscriptionsChanged(v) => {
                    struct_ser.serialize_field("subscriptionsChanged", v)?;
                }
                server_message::Body::ConnectionEnded(v) => {
                    struct_ser.serialize_field("connectionEnded", v)?;
                }
                server_message::Body::SetSelfInfo(v) => {
                    struct_ser.serialize_field("setSelfInfo", v)?;
                }
                server_message::Body::GetUsersInfo(v) => {
                    struct_ser.serialize_field("getUsersInfo", v)?;
                }
                server_message::Body::GetFriendList(v) => {
                    struct_ser.serialize_field("getFriendList", v)?;
                }
                server_message::Body::AddFriend(v) => {
                    struct_ser.serialize_field("addFriend", v)?;
                }
                server_message::Body::DeleteFriends(v) => {
                    struct_ser.serialize_field("deleteFriends", v)?;
                }
                server_message::Body::SetFriendRemark(v) => {
                    struct_ser.serialize_field("setFriendRemark", v)?;
                }
                server_message::Body::SendMessage(v) => {
                    struct_ser.serialize_field("sendMessage", v)?;
                }
                server_message::Body::GetHistory(v) => {
                    struct_ser.serialize_field("getHistory", v)?;
                }
                server_message::Body::GetConversationList(v) => {
                    struct_ser.serialize_field("getConversationList", v)?;
                }
                server_message::Body::MarkRead(v) => {
                    struct_ser.serialize_field("markRead", v)?;
                }
                server_message::Body::PinConversation(v) => {
                    struct_ser.serialize_field("pinConversation", v)?;
                }
                server_message::Body::DeleteConversation(v) => {
                    struct_ser.serialize_field("deleteConversation", v)?;
                }
                server_message::Body::ListsChanged(v) => {
                    struct_ser.serialize_field("listsChanged", v)?;
                }
                server_message::Body::AppChanged(v) => {
                    struct_ser.serialize_field("appChanged", v)?;
                }
                server_message::Body::SetVisibility(v) => {
                    struct_ser.serialize_field("setVisibility", v)?;
                }
                server_message::Body::GetBlockList(v) => {
                    struct_ser.serialize_field("getBlockList", v)?;
                }
                server_message::Body::BlockUsers(v) => {
                    struct_ser.serialize_field("blockUsers", v)?;
                }
                server_message::Body::UnblockUsers(v) => {
                    struct_ser.serialize_field("unblockUsers", v)?;
                }
            }
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for ServerMessage {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "id",
            "refusal",
            "login",
            "logout",
            "set_self_status",
            "setSelfStatus",
            "get_user_status",
            "getUserStatus",
            "subscribe_user_status",
            "subscribeUserStatus",
            "unsubscribe_user_status",
            "unsubscribeUserStatus",
            "get_subscriptions",
            "getSubscriptions",
            "heartbeat",
            "status_changed",
            "statusChanged",
            "subscriptions_changed",
            "subscriptionsChanged",
            "connection_ended",
            "connectionEnded",
            "set_self_info",
            "setSelfInfo",
            "get_users_info",
            "getUsersInfo",
            "get_friend_list",
            "getFriendList",
            "add_friend",
            "addFriend",
            "delete_friends",
            "deleteFriends",
            "set_friend_remark",
            "setFriendRemark",
            "send_message",
            "sendMessage",
            "get_history",
            "getHistory",
            "get_conversation_list",
            "getConversationList",
            "mark_read",
            "markRead",
            "pin_conversation",
            "pinConversation",
            "delete_conversation",
            "deleteConversation",
            "lists_changed",
            "listsChanged",
            "app_changed",
            "appChanged",
            "set_visibility",
            "setVisibility",
            "get_block_list",
            "getBlockList",
            "block_users",
            "blockUsers",
            "unblock_users",
            "unblockUsers",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Id,
            Refusal,
            Login,
            Logout,
            SetSelfStatus,
            GetUserStatus,
            SubscribeUserStatus,
            UnsubscribeUserStatus,
            GetSubscriptions,
            Heartbeat,
            StatusChanged,
            SubscriptionsChanged,
            ConnectionEnded,
            SetSelfInfo,
            GetUsersInfo,
            GetFriendList,
            AddFriend,
            DeleteFriends,
            SetFriendRemark,
            SendMessage,
            GetHistory,
            GetConversationList,
            MarkRead,
            PinConversation,
            DeleteConversation,
            ListsChanged,
            AppChanged,
            SetVisibility,
            GetBlockList,
            BlockUsers,
            UnblockUsers,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "id" => Ok(GeneratedField::Id),
                            "refusal" => Ok(GeneratedField::Refusal),
                            "login" => Ok(GeneratedField::Login),
                            "logout" => Ok(GeneratedField::Logout),
                            "setSelfStatus" | "set_self_status" => Ok(GeneratedField::SetSelfStatus),
                            "getUserStatus" | "get_user_status" => Ok(GeneratedField::GetUserStatus),
                            "subscribeUserStatus" | "subscribe_user_status" => Ok(GeneratedField::SubscribeUserStatus),
                            "unsubscribeUserStatus" | "unsubscribe_user_status" => Ok(GeneratedField::UnsubscribeUserStatus),
                            "getSubscriptions" | "get_subscriptions" => Ok(GeneratedField::GetSubscriptions),
                            "heartbeat" => Ok(GeneratedField::Heartbeat),
                            "statusChanged" | "status_changed" => Ok(GeneratedField::StatusChanged),
                            "subscriptionsChanged" | "subscriptions_changed" => Ok(GeneratedField::SubscriptionsChanged),
                            "connectionEnded" | "connection_ended" => Ok(GeneratedField::ConnectionEnded),
                            "setSelfInfo" | "set_self_info" => Ok(GeneratedField::SetSelfInfo),
                            "getUsersInfo" | "get_users_info" => Ok(GeneratedField::GetUsersInfo),
                            "getFriendList" | "get_friend_list" => Ok(GeneratedField::GetFriendList),
                            "addFriend" | "add_friend" => Ok(GeneratedField::AddFriend),
                            "deleteFriends" | "delete_friends" => Ok(GeneratedField::DeleteFriends),
                            "setFriendRemark" | "set_friend_remark" => Ok(GeneratedField::SetFriendRemark),
                            "sendMessage" | "send_message" => Ok(GeneratedField::SendMessage),
                            "getHistory" | "get_history" => Ok(GeneratedField::GetHistory),
                            "getConversationList" | "get_conversation_list" => Ok(GeneratedField::GetConversationList),
                            "markRead" | "mark_read" => Ok(GeneratedField::MarkRead),
                            "pinConversation" | "pin_conversation" => Ok(GeneratedField::PinConversation),
                            "deleteConversation" | "delete_conversation" => Ok(GeneratedField::DeleteConversation),
                            "listsChanged" | "lists_changed" => Ok(GeneratedField::ListsChanged),
                            "appChanged" | "app_changed" => Ok(GeneratedField::AppChanged),
                            "setVisibility" | "set_visibility" => Ok(GeneratedField::SetVisibility),
                            "getBlockList" | "get_block_list" => Ok(GeneratedField::GetBlockList),
                            "blockUsers" | "block_users" => Ok(GeneratedField::BlockUsers),
                            "unblockUsers" | "unblock_users" => Ok(GeneratedField::UnblockUsers),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = ServerMessage;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.ServerMessage")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<ServerMessage, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut id__ = None;
                let mut body__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Id => {
                            if id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("id"));
                            }
                            id__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Refusal => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("refusal"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::Refusal)
;
                        }
                        GeneratedField::Login => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("login"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::Login)
;
                        }
                        GeneratedField::Logout => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("logout"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::Logout)
;
                        }
                        GeneratedField::SetSelfStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setSelfStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SetSelfStatus)
;
                        }
                        GeneratedField::GetUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetUserStatus)
;
                        }
                        GeneratedField::SubscribeUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscribeUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SubscribeUserStatus)
;
                        }
                        GeneratedField::UnsubscribeUserStatus => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unsubscribeUserStatus"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::UnsubscribeUserStatus)
;
                        }
                        GeneratedField::GetSubscriptions => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getSubscriptions"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetSubscriptions)
;
                        }
                        GeneratedField::Heartbeat => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("heartbeat"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::Heartbeat)
;
                        }
                        GeneratedField::StatusChanged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statusChanged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::StatusChanged)
;
                        }
                        GeneratedField::SubscriptionsChanged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscriptionsChanged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SubscriptionsChanged)
;
                        }
                        GeneratedField::ConnectionEnded => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("connectionEnded"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::ConnectionEnded)
;
                        }
                        GeneratedField::SetSelfInfo => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setSelfInfo"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SetSelfInfo)
;
                        }
                        GeneratedField::GetUsersInfo => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getUsersInfo"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetUsersInfo)
;
                        }
                        GeneratedField::GetFriendList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getFriendList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetFriendList)
;
                        }
                        GeneratedField::AddFriend => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("addFriend"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::AddFriend)
;
                        }
                        GeneratedField::DeleteFriends => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deleteFriends"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::DeleteFriends)
;
                        }
                        GeneratedField::SetFriendRemark => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setFriendRemark"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SetFriendRemark)
;
                        }
                        GeneratedField::SendMessage => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("sendMessage"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SendMessage)
;
                        }
                        GeneratedField::GetHistory => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getHistory"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetHistory)
;
                        }
                        GeneratedField::GetConversationList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getConversationList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetConversationList)
;
                        }
                        GeneratedField::MarkRead => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("markRead"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::MarkRead)
;
                        }
                        GeneratedField::PinConversation => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("pinConversation"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::PinConversation)
;
                        }
                        GeneratedField::DeleteConversation => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("deleteConversation"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::DeleteConversation)
;
                        }
                        GeneratedField::ListsChanged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsChanged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::ListsChanged)
;
                        }
                        GeneratedField::AppChanged => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("appChanged"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::AppChanged)
;
                        }
                        GeneratedField::SetVisibility => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("setVisibility"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::SetVisibility)
;
                        }
                        GeneratedField::GetBlockList => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("getBlockList"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::GetBlockList)
;
                        }
                        GeneratedField::BlockUsers => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("blockUsers"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::BlockUsers)
;
                        }
                        GeneratedField::UnblockUsers => {
                            if body__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unblockUsers"));
                            }
                            body__ = map_.next_value::<::std::option::Option<_>>()?.map(server_message::Body::UnblockUsers)
;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(ServerMessage {
                    id: id__.unwrap_or_default(),
                    body: body__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.ServerMessage", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetFriendRemarkRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if !self.remark.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetFriendRemarkRequest", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if !self.remark.is_empty() {
            struct_ser.serialize_field("remark", &self.remark)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetFriendRemarkRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "remark",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            Remark,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "remark" => Ok(GeneratedField::Remark),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetFriendRemarkRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetFriendRemarkRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetFriendRemarkRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut remark__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Remark => {
                            if remark__.is_some() {
                                return Err(serde::de::Error::duplicate_field("remark"));
                            }
                            remark__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetFriendRemarkRequest {
                    user_id: user_id__.unwrap_or_default(),
                    remark: remark__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetFriendRemarkRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetFriendRemarkResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.friend.is_some() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetFriendRemarkResponse", len)?;
        if let Some(v) = self.friend.as_ref() {
            struct_ser.serialize_field("friend", v)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetFriendRemarkResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "friend",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Friend,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "friend" => Ok(GeneratedField::Friend),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetFriendRemarkResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetFriendRemarkResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetFriendRemarkResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut friend__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Friend => {
                            if friend__.is_some() {
                                return Err(serde::de::Error::duplicate_field("friend"));
                            }
                            friend__ = map_.next_value()?;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetFriendRemarkResponse {
                    friend: friend__,
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetFriendRemarkResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetSelfInfoRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.nick.is_some() {
            len += 1;
        }
        if self.avatar_url.is_some() {
            len += 1;
        }
        if self.allow_type != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetSelfInfoRequest", len)?;
        if let Some(v) = self.nick.as_ref() {
            struct_ser.serialize_field("nick", v)?;
        }
        if let Some(v) = self.avatar_url.as_ref() {
            struct_ser.serialize_field("avatarUrl", v)?;
        }
        if self.allow_type != 0 {
            let v = AllowType::try_from(self.allow_type)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.allow_type)))?;
            struct_ser.serialize_field("allowType", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetSelfInfoRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "nick",
            "avatar_url",
            "avatarUrl",
            "allow_type",
            "allowType",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Nick,
            AvatarUrl,
            AllowType,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "nick" => Ok(GeneratedField::Nick),
                            "avatarUrl" | "avatar_url" => Ok(GeneratedField::AvatarUrl),
                            "allowType" | "allow_type" => Ok(GeneratedField::AllowType),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetSelfInfoRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetSelfInfoRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetSelfInfoRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut nick__ = None;
                let mut avatar_url__ = None;
                let mut allow_type__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Nick => {
                            if nick__.is_some() {
                                return Err(serde::de::Error::duplicate_field("nick"));
                            }
                            nick__ = map_.next_value()?;
                        }
                        GeneratedField::AvatarUrl => {
                            if avatar_url__.is_some() {
                                return Err(serde::de::Error::duplicate_field("avatarUrl"));
                            }
                            avatar_url__ = map_.next_value()?;
                        }
                        GeneratedField::AllowType => {
                            if allow_type__.is_some() {
                                return Err(serde::de::Error::duplicate_field("allowType"));
                            }
                            allow_type__ = Some(map_.next_value::<AllowType>()? as i32);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetSelfInfoRequest {
                    nick: nick__,
                    avatar_url: avatar_url__,
                    allow_type: allow_type__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetSelfInfoRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetSelfInfoResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.profile.is_some() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetSelfInfoResponse", len)?;
        if let Some(v) = self.profile.as_ref() {
            struct_ser.serialize_field("profile", v)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetSelfInfoResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "profile",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Profile,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "profile" => Ok(GeneratedField::Profile),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetSelfInfoResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetSelfInfoResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetSelfInfoResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut profile__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Profile => {
                            if profile__.is_some() {
                                return Err(serde::de::Error::duplicate_field("profile"));
                            }
                            profile__ = map_.next_value()?;
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetSelfInfoResponse {
                    profile: profile__,
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetSelfInfoResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetSelfStatusRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.custom_status.is_empty() {
            len += 1;
        }
        if self.expires_in != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetSelfStatusRequest", len)?;
        if !self.custom_status.is_empty() {
            struct_ser.serialize_field("customStatus", &self.custom_status)?;
        }
        if self.expires_in != 0 {
            struct_ser.serialize_field("expiresIn", &self.expires_in)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetSelfStatusRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "custom_status",
            "customStatus",
            "expires_in",
            "expiresIn",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            CustomStatus,
            ExpiresIn,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "customStatus" | "custom_status" => Ok(GeneratedField::CustomStatus),
                            "expiresIn" | "expires_in" => Ok(GeneratedField::ExpiresIn),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetSelfStatusRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetSelfStatusRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetSelfStatusRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut custom_status__ = None;
                let mut expires_in__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::CustomStatus => {
                            if custom_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("customStatus"));
                            }
                            custom_status__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ExpiresIn => {
                            if expires_in__.is_some() {
                                return Err(serde::de::Error::duplicate_field("expiresIn"));
                            }
                            expires_in__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetSelfStatusRequest {
                    custom_status: custom_status__.unwrap_or_default(),
                    expires_in: expires_in__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetSelfStatusRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetSelfStatusResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.status.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetSelfStatusResponse", len)?;
        if let Some(v) = self.status.as_ref() {
            struct_ser.serialize_field("status", v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetSelfStatusResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "status",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Status,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "status" => Ok(GeneratedField::Status),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetSelfStatusResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetSelfStatusResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetSelfStatusResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut status__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Status => {
                            if status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("status"));
                            }
                            status__ = map_.next_value()?;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetSelfStatusResponse {
                    status: status__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetSelfStatusResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetVisibilityRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.visibility != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetVisibilityRequest", len)?;
        if self.visibility != 0 {
            let v = Visibility::try_from(self.visibility)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.visibility)))?;
            struct_ser.serialize_field("visibility", &v)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetVisibilityRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "visibility",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Visibility,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "visibility" => Ok(GeneratedField::Visibility),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetVisibilityRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetVisibilityRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetVisibilityRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut visibility__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Visibility => {
                            if visibility__.is_some() {
                                return Err(serde::de::Error::duplicate_field("visibility"));
                            }
                            visibility__ = Some(map_.next_value::<Visibility>()? as i32);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetVisibilityRequest {
                    visibility: visibility__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetVisibilityRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SetVisibilityResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SetVisibilityResponse", len)?;
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SetVisibilityResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SetVisibilityResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SetVisibilityResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SetVisibilityResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SetVisibilityResponse {
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SetVisibilityResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StatusChanged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.statuses.is_empty() {
            len += 1;
        }
        if self.snapshot_complete {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.StatusChanged", len)?;
        if !self.statuses.is_empty() {
            struct_ser.serialize_field("statuses", &self.statuses)?;
        }
        if self.snapshot_complete {
            struct_ser.serialize_field("snapshotComplete", &self.snapshot_complete)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for StatusChanged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "statuses",
            "snapshot_complete",
            "snapshotComplete",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Statuses,
            SnapshotComplete,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "statuses" => Ok(GeneratedField::Statuses),
                            "snapshotComplete" | "snapshot_complete" => Ok(GeneratedField::SnapshotComplete),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = StatusChanged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.StatusChanged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<StatusChanged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut statuses__ = None;
                let mut snapshot_complete__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Statuses => {
                            if statuses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statuses"));
                            }
                            statuses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::SnapshotComplete => {
                            if snapshot_complete__.is_some() {
                                return Err(serde::de::Error::duplicate_field("snapshotComplete"));
                            }
                            snapshot_complete__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(StatusChanged {
                    statuses: statuses__.unwrap_or_default(),
                    snapshot_complete: snapshot_complete__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.StatusChanged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for StatusType {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unknown => "STATUS_TYPE_UNKNOWN",
            Self::Online => "STATUS_TYPE_ONLINE",
            Self::Offline => "STATUS_TYPE_OFFLINE",
            Self::Unlogined => "STATUS_TYPE_UNLOGINED",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for StatusType {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "STATUS_TYPE_UNKNOWN",
            "STATUS_TYPE_ONLINE",
            "STATUS_TYPE_OFFLINE",
            "STATUS_TYPE_UNLOGINED",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = StatusType;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "STATUS_TYPE_UNKNOWN" => Ok(StatusType::Unknown),
                    "STATUS_TYPE_ONLINE" => Ok(StatusType::Online),
                    "STATUS_TYPE_OFFLINE" => Ok(StatusType::Offline),
                    "STATUS_TYPE_UNLOGINED" => Ok(StatusType::Unlogined),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
impl serde::Serialize for SubscribeUserStatusRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SubscribeUserStatusRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SubscribeUserStatusRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SubscribeUserStatusRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SubscribeUserStatusRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SubscribeUserStatusRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SubscribeUserStatusRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SubscribeUserStatusRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SubscribeUserStatusResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.statuses.is_empty() {
            len += 1;
        }
        if !self.failures.is_empty() {
            len += 1;
        }
        if !self.evicted.is_empty() {
            len += 1;
        }
        if !self.not_watched.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SubscribeUserStatusResponse", len)?;
        if !self.statuses.is_empty() {
            struct_ser.serialize_field("statuses", &self.statuses)?;
        }
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        if !self.evicted.is_empty() {
            struct_ser.serialize_field("evicted", &self.evicted)?;
        }
        if !self.not_watched.is_empty() {
            struct_ser.serialize_field("notWatched", &self.not_watched)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SubscribeUserStatusResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "statuses",
            "failures",
            "evicted",
            "not_watched",
            "notWatched",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Statuses,
            Failures,
            Evicted,
            NotWatched,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "statuses" => Ok(GeneratedField::Statuses),
                            "failures" => Ok(GeneratedField::Failures),
                            "evicted" => Ok(GeneratedField::Evicted),
                            "notWatched" | "not_watched" => Ok(GeneratedField::NotWatched),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SubscribeUserStatusResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SubscribeUserStatusResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SubscribeUserStatusResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut statuses__ = None;
                let mut failures__ = None;
                let mut evicted__ = None;
                let mut not_watched__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Statuses => {
                            if statuses__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statuses"));
                            }
                            statuses__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Evicted => {
                            if evicted__.is_some() {
                                return Err(serde::de::Error::duplicate_field("evicted"));
                            }
                            evicted__ = Some(map_.next_value()?);
                        }
                        GeneratedField::NotWatched => {
                            if not_watched__.is_some() {
                                return Err(serde::de::Error::duplicate_field("notWatched"));
                            }
                            not_watched__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SubscribeUserStatusResponse {
                    statuses: statuses__.unwrap_or_default(),
                    failures: failures__.unwrap_or_default(),
                    evicted: evicted__.unwrap_or_default(),
                    not_watched: not_watched__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SubscribeUserStatusResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for SubscriptionsChanged {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.subscribed.is_empty() {
            len += 1;
        }
        if !self.unsubscribed.is_empty() {
            len += 1;
        }
        if !self.not_watched.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.SubscriptionsChanged", len)?;
        if !self.subscribed.is_empty() {
            struct_ser.serialize_field("subscribed", &self.subscribed)?;
        }
        if !self.unsubscribed.is_empty() {
            struct_ser.serialize_field("unsubscribed", &self.unsubscribed)?;
        }
        if !self.not_watched.is_empty() {
            struct_ser.serialize_field("notWatched", &self.not_watched)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for SubscriptionsChanged {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "subscribed",
            "unsubscribed",
            "not_watched",
            "notWatched",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Subscribed,
            Unsubscribed,
            NotWatched,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "subscribed" => Ok(GeneratedField::Subscribed),
                            "unsubscribed" => Ok(GeneratedField::Unsubscribed),
                            "notWatched" | "not_watched" => Ok(GeneratedField::NotWatched),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = SubscriptionsChanged;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.SubscriptionsChanged")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<SubscriptionsChanged, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut subscribed__ = None;
                let mut unsubscribed__ = None;
                let mut not_watched__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Subscribed => {
                            if subscribed__.is_some() {
                                return Err(serde::de::Error::duplicate_field("subscribed"));
                            }
                            subscribed__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Unsubscribed => {
                            if unsubscribed__.is_some() {
                                return Err(serde::de::Error::duplicate_field("unsubscribed"));
                            }
                            unsubscribed__ = Some(map_.next_value()?);
                        }
                        GeneratedField::NotWatched => {
                            if not_watched__.is_some() {
                                return Err(serde::de::Error::duplicate_field("notWatched"));
                            }
                            not_watched__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(SubscriptionsChanged {
                    subscribed: subscribed__.unwrap_or_default(),
                    unsubscribed: unsubscribed__.unwrap_or_default(),
                    not_watched: not_watched__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.SubscriptionsChanged", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnblockUsersRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.UnblockUsersRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnblockUsersRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnblockUsersRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.UnblockUsersRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnblockUsersRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(UnblockUsersRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.UnblockUsersRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnblockUsersResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.failures.is_empty() {
            len += 1;
        }
        if self.lists_version != 0 {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.UnblockUsersResponse", len)?;
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        if self.lists_version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("listsVersion", ToString::to_string(&self.lists_version).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnblockUsersResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "failures",
            "lists_version",
            "listsVersion",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Failures,
            ListsVersion,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "failures" => Ok(GeneratedField::Failures),
                            "listsVersion" | "lists_version" => Ok(GeneratedField::ListsVersion),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnblockUsersResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.UnblockUsersResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnblockUsersResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut failures__ = None;
                let mut lists_version__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::ListsVersion => {
                            if lists_version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("listsVersion"));
                            }
                            lists_version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(UnblockUsersResponse {
                    failures: failures__.unwrap_or_default(),
                    lists_version: lists_version__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.UnblockUsersResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnsubscribeUserStatusRequest {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_ids.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.UnsubscribeUserStatusRequest", len)?;
        if !self.user_ids.is_empty() {
            struct_ser.serialize_field("userIds", &self.user_ids)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnsubscribeUserStatusRequest {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_ids",
            "userIds",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserIds,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userIds" | "user_ids" => Ok(GeneratedField::UserIds),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnsubscribeUserStatusRequest;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.UnsubscribeUserStatusRequest")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnsubscribeUserStatusRequest, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_ids__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserIds => {
                            if user_ids__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userIds"));
                            }
                            user_ids__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(UnsubscribeUserStatusRequest {
                    user_ids: user_ids__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.UnsubscribeUserStatusRequest", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UnsubscribeUserStatusResponse {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.failures.is_empty() {
            len += 1;
        }
        if !self.not_watched.is_empty() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.UnsubscribeUserStatusResponse", len)?;
        if !self.failures.is_empty() {
            struct_ser.serialize_field("failures", &self.failures)?;
        }
        if !self.not_watched.is_empty() {
            struct_ser.serialize_field("notWatched", &self.not_watched)?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UnsubscribeUserStatusResponse {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "failures",
            "not_watched",
            "notWatched",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            Failures,
            NotWatched,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "failures" => Ok(GeneratedField::Failures),
                            "notWatched" | "not_watched" => Ok(GeneratedField::NotWatched),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UnsubscribeUserStatusResponse;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.UnsubscribeUserStatusResponse")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UnsubscribeUserStatusResponse, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut failures__ = None;
                let mut not_watched__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::Failures => {
                            if failures__.is_some() {
                                return Err(serde::de::Error::duplicate_field("failures"));
                            }
                            failures__ = Some(map_.next_value()?);
                        }
                        GeneratedField::NotWatched => {
                            if not_watched__.is_some() {
                                return Err(serde::de::Error::duplicate_field("notWatched"));
                            }
                            not_watched__ = Some(map_.next_value()?);
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(UnsubscribeUserStatusResponse {
                    failures: failures__.unwrap_or_default(),
                    not_watched: not_watched__.unwrap_or_default(),
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.UnsubscribeUserStatusResponse", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for UserStatus {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        use serde::ser::SerializeStruct;
        let mut len = 0;
        if !self.user_id.is_empty() {
            len += 1;
        }
        if self.status_type != 0 {
            len += 1;
        }
        if !self.custom_status.is_empty() {
            len += 1;
        }
        if self.version != 0 {
            len += 1;
        }
        if self.since != 0 {
            len += 1;
        }
        if self.reason != 0 {
            len += 1;
        }
        if self.last_seen.is_some() {
            len += 1;
        }
        if !self.online_devices.is_empty() {
            len += 1;
        }
        if self.custom_expires.is_some() {
            len += 1;
        }
        let mut struct_ser = serializer.serialize_struct("lamplight.v1.UserStatus", len)?;
        if !self.user_id.is_empty() {
            struct_ser.serialize_field("userId", &self.user_id)?;
        }
        if self.status_type != 0 {
            let v = StatusType::try_from(self.status_type)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.status_type)))?;
            struct_ser.serialize_field("statusType", &v)?;
        }
        if !self.custom_status.is_empty() {
            struct_ser.serialize_field("customStatus", &self.custom_status)?;
        }
        if self.version != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("version", ToString::to_string(&self.version).as_str())?;
        }
        if self.since != 0 {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("since", ToString::to_string(&self.since).as_str())?;
        }
        if self.reason != 0 {
            let v = Reason::try_from(self.reason)
                .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", self.reason)))?;
            struct_ser.serialize_field("reason", &v)?;
        }
        if let Some(v) = self.last_seen.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("lastSeen", ToString::to_string(&v).as_str())?;
        }
        if !self.online_devices.is_empty() {
            let v = self.online_devices.iter().cloned().map(|v| {
                Platform::try_from(v)
                    .map_err(|_| serde::ser::Error::custom(format!("Invalid variant {}", v)))
                }).collect::<std::result::Result<Vec<_>, _>>()?;
            struct_ser.serialize_field("onlineDevices", &v)?;
        }
        if let Some(v) = self.custom_expires.as_ref() {
            #[allow(clippy::needless_borrow)]
            #[allow(clippy::needless_borrows_for_generic_args)]
            struct_ser.serialize_field("customExpires", ToString::to_string(&v).as_str())?;
        }
        struct_ser.end()
    }
}
impl<'de> serde::Deserialize<'de> for UserStatus {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "user_id",
            "userId",
            "status_type",
            "statusType",
            "custom_status",
            "customStatus",
            "version",
            "since",
            "reason",
            "last_seen",
            "lastSeen",
            "online_devices",
            "onlineDevices",
            "custom_expires",
            "customExpires",
        ];

        #[allow(clippy::enum_variant_names)]
        enum GeneratedField {
            UserId,
            StatusType,
            CustomStatus,
            Version,
            Since,
            Reason,
            LastSeen,
            OnlineDevices,
            CustomExpires,
            __SkipField__,
        }
        impl<'de> serde::Deserialize<'de> for GeneratedField {
            fn deserialize<D>(deserializer: D) -> std::result::Result<GeneratedField, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct GeneratedVisitor;

                impl serde::de::Visitor<'_> for GeneratedVisitor {
                    type Value = GeneratedField;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "expected one of: {:?}", &FIELDS)
                    }

                    #[allow(unused_variables)]
                    fn visit_str<E>(self, value: &str) -> std::result::Result<GeneratedField, E>
                    where
                        E: serde::de::Error,
                    {
                        match value {
                            "userId" | "user_id" => Ok(GeneratedField::UserId),
                            "statusType" | "status_type" => Ok(GeneratedField::StatusType),
                            "customStatus" | "custom_status" => Ok(GeneratedField::CustomStatus),
                            "version" => Ok(GeneratedField::Version),
                            "since" => Ok(GeneratedField::Since),
                            "reason" => Ok(GeneratedField::Reason),
                            "lastSeen" | "last_seen" => Ok(GeneratedField::LastSeen),
                            "onlineDevices" | "online_devices" => Ok(GeneratedField::OnlineDevices),
                            "customExpires" | "custom_expires" => Ok(GeneratedField::CustomExpires),
                            _ => Ok(GeneratedField::__SkipField__),
                        }
                    }
                }
                deserializer.deserialize_identifier(GeneratedVisitor)
            }
        }
        struct GeneratedVisitor;
        impl<'de> serde::de::Visitor<'de> for GeneratedVisitor {
            type Value = UserStatus;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("struct lamplight.v1.UserStatus")
            }

            fn visit_map<V>(self, mut map_: V) -> std::result::Result<UserStatus, V::Error>
                where
                    V: serde::de::MapAccess<'de>,
            {
                let mut user_id__ = None;
                let mut status_type__ = None;
                let mut custom_status__ = None;
                let mut version__ = None;
                let mut since__ = None;
                let mut reason__ = None;
                let mut last_seen__ = None;
                let mut online_devices__ = None;
                let mut custom_expires__ = None;
                while let Some(k) = map_.next_key()? {
                    match k {
                        GeneratedField::UserId => {
                            if user_id__.is_some() {
                                return Err(serde::de::Error::duplicate_field("userId"));
                            }
                            user_id__ = Some(map_.next_value()?);
                        }
                        GeneratedField::StatusType => {
                            if status_type__.is_some() {
                                return Err(serde::de::Error::duplicate_field("statusType"));
                            }
                            status_type__ = Some(map_.next_value::<StatusType>()? as i32);
                        }
                        GeneratedField::CustomStatus => {
                            if custom_status__.is_some() {
                                return Err(serde::de::Error::duplicate_field("customStatus"));
                            }
                            custom_status__ = Some(map_.next_value()?);
                        }
                        GeneratedField::Version => {
                            if version__.is_some() {
                                return Err(serde::de::Error::duplicate_field("version"));
                            }
                            version__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Since => {
                            if since__.is_some() {
                                return Err(serde::de::Error::duplicate_field("since"));
                            }
                            since__ =
                                Some(map_.next_value::<::pbjson::private::NumberDeserialize<_>>()?.0)
                            ;
                        }
                        GeneratedField::Reason => {
                            if reason__.is_some() {
                                return Err(serde::de::Error::duplicate_field("reason"));
                            }
                            reason__ = Some(map_.next_value::<Reason>()? as i32);
                        }
                        GeneratedField::LastSeen => {
                            if last_seen__.is_some() {
                                return Err(serde::de::Error::duplicate_field("lastSeen"));
                            }
                            last_seen__ =
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::OnlineDevices => {
                            if online_devices__.is_some() {
                                return Err(serde::de::Error::duplicate_field("onlineDevices"));
                            }
                            online_devices__ = Some(map_.next_value::<Vec<Platform>>()?.into_iter().map(|x| x as i32).collect());
                        }
                        GeneratedField::CustomExpires => {
                            if custom_expires__.is_some() {
                                return Err(serde::de::Error::duplicate_field("customExpires"));
                            }
                            custom_expires__ =
                                map_.next_value::<::std::option::Option<::pbjson::private::NumberDeserialize<_>>>()?.map(|x| x.0)
                            ;
                        }
                        GeneratedField::__SkipField__ => {
                            let _ = map_.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(UserStatus {
                    user_id: user_id__.unwrap_or_default(),
                    status_type: status_type__.unwrap_or_default(),
                    custom_status: custom_status__.unwrap_or_default(),
                    version: version__.unwrap_or_default(),
                    since: since__.unwrap_or_default(),
                    reason: reason__.unwrap_or_default(),
                    last_seen: last_seen__,
                    online_devices: online_devices__.unwrap_or_default(),
                    custom_expires: custom_expires__,
                })
            }
        }
        deserializer.deserialize_struct("lamplight.v1.UserStatus", FIELDS, GeneratedVisitor)
    }
}
impl serde::Serialize for Visibility {
    #[allow(deprecated)]
    fn serialize<S>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error>
    where
        S: serde::Serializer,
    {
        let variant = match self {
            Self::Unspecified => "VISIBILITY_UNSPECIFIED",
            Self::Everyone => "VISIBILITY_EVERYONE",
            Self::Friends => "VISIBILITY_FRIENDS",
            Self::Nobody => "VISIBILITY_NOBODY",
        };
        serializer.serialize_str(variant)
    }
}
impl<'de> serde::Deserialize<'de> for Visibility {
    #[allow(deprecated)]
    fn deserialize<D>(deserializer: D) -> std::result::Result<Self, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        const FIELDS: &[&str] = &[
            "VISIBILITY_UNSPECIFIED",
            "VISIBILITY_EVERYONE",
            "VISIBILITY_FRIENDS",
            "VISIBILITY_NOBODY",
        ];

        struct GeneratedVisitor;

        impl serde::de::Visitor<'_> for GeneratedVisitor {
            type Value = Visibility;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "expected one of: {:?}", &FIELDS)
            }

            fn visit_i64<E>(self, v: i64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Signed(v), &self)
                    })
            }

            fn visit_u64<E>(self, v: u64) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                i32::try_from(v)
                    .ok()
                    .and_then(|x| x.try_into().ok())
                    .ok_or_else(|| {
                        serde::de::Error::invalid_value(serde::de::Unexpected::Unsigned(v), &self)
                    })
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E>
            where
                E: serde::de::Error,
            {
                match value {
                    "VISIBILITY_UNSPECIFIED" => Ok(Visibility::Unspecified),
                    "VISIBILITY_EVERYONE" => Ok(Visibility::Everyone),
                    "VISIBILITY_FRIENDS" => Ok(Visibility::Friends),
                    "VISIBILITY_NOBODY" => Ok(Visibility::Nobody),
                    _ => Err(serde::de::Error::unknown_variant(value, FIELDS)),
                }
            }
        }
        deserializer.deserialize_any(GeneratedVisitor)
    }
}
