//! The notice to the app's push webhook that a message is stored with. A pure rule: it knows no webhook and no store.

use lamplight_model::StatusType;

/// The notice that is stored in the transaction of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushNotice {
    /// No notice. After the message is stored, the recipient's status is compared once more.
    None,
    /// A notice that is not sent. When it is due, the message is pushed if the recipient is OFFLINE then.
    Undecided,
    /// A notice that is sent to the webhook.
    Certain,
}

/// Returns the notice for a message. `truth` is the status type of the recipient, and `shown` is the one that the
/// sender is shown.
///
/// The number of notices that are stored before the answer to the sender depends only on `shown`: none if that is ONLINE,
/// and otherwise one. The time of the answer therefore does not tell a recipient who hides from one who is away.
pub fn push_notice(truth: StatusType, shown: StatusType) -> PushNotice {
    match (shown, truth) {
        (StatusType::Online, _) => PushNotice::None,
        (StatusType::Offline | StatusType::Unlogined | StatusType::Unknown, StatusType::Offline) => {
            PushNotice::Certain
        }
        (
            StatusType::Offline | StatusType::Unlogined | StatusType::Unknown,
            StatusType::Online | StatusType::Unlogined | StatusType::Unknown,
        ) => PushNotice::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatusType::{Offline, Online, Unlogined};

    #[test]
    fn what_is_stored_with_a_message_depends_on_what_its_sender_is_shown() {
        for (truth, shown, expected) in [
            (Online, Online, PushNotice::None),
            (Offline, Offline, PushNotice::Certain),
            (Unlogined, Unlogined, PushNotice::Undecided),
            // The recipient hides from the sender.
            (Online, Offline, PushNotice::Undecided),
            (Online, Unlogined, PushNotice::Undecided),
            (Offline, Unlogined, PushNotice::Certain),
            (Unlogined, Offline, PushNotice::Undecided),
        ] {
            assert_eq!(push_notice(truth, shown), expected, "{truth:?} shown as {shown:?}");
        }
    }
}
