//! The server of the demo and its data: accounts, avatars, friends, and earlier messages.
//!
//! Each message has a fixed client message id, so a second setup sends no message again.

use super::cast::{CAST, FRIEND, GUEST, LETTERS, everybody};
use crate::operator::Operator;
use crate::signing::sign;
use crate::time_text::present;
use anyhow::Context;
use lamplight_client::Client;
use lamplight_model::{App, ClientMessageId, Platform, ProfileChange, User, UserId};
use lamplight_server::{FactsSettings, Operation};
use std::collections::BTreeMap;
use std::time::Duration;

/// The validity of a UserSig of the demo. Each login makes a new UserSig.
const SIG_EXPIRES: Duration = Duration::from_secs(24 * 3_600);

/// The server and the app of the demo, with which simulated users log in.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The URL of the server.
    pub server: String,
    /// The app, with its key.
    pub app: App,
}

impl Stage {
    /// Prepares the app, and creates missing accounts, friendships and earlier messages. `you` is a friend of all
    /// others, and is notified of them as friends. `guest` is a friend of `you` only, and is notified of the others by
    /// subscription.
    pub async fn set(server: String, pages: &str, store: &FactsSettings) -> anyhow::Result<Self> {
        let mut operator = Operator::open(store).await?;
        let mut app = operator.apps().await?.first().context("the server has no app")?.clone();
        app.settings.switches.friend_notification = true;
        operator.put_app(app.clone()).await?;
        for (name, _) in everybody() {
            operator.act(Operation::CreateAccount(User::new(app.id, UserId::new(name)?))).await?;
        }
        let owner = User::new(app.id, UserId::new(FRIEND)?);
        for name in CAST.iter().map(|character| character.name).chain([GUEST]) {
            let (friend, remark) = (UserId::new(name)?, String::new());
            operator.act(Operation::AddFriend { owner: owner.clone(), friend, both: true, remark }).await?;
        }
        let stage = Self { server, app };
        stage.furnish(pages).await?;
        Ok(stage)
    }

    /// Returns a client that is logged in as this user.
    pub async fn log_in(&self, name: &str, platform: Platform, device: String) -> anyhow::Result<Client> {
        let (user_sig, _) = sign(&self.app, UserId::new(name)?, SIG_EXPIRES, present())?;
        let client =
            Client::builder(&self.server).app(self.app.id).platform(platform).device_id(device).build()?;
        client.login(name, &user_sig).await?;
        Ok(client)
    }

    /// Sets nicks and avatars, and sends the earlier messages. Each user does so through the SDK.
    async fn furnish(&self, pages: &str) -> anyhow::Result<()> {
        let mut clients = BTreeMap::new();
        for (name, nick) in everybody() {
            let client = self.log_in(name, Platform::Linux, "demo-stage".to_owned()).await?;
            let change = ProfileChange {
                nick: Some(nick.to_owned()),
                avatar_url: Some(format!("{pages}/demo/portraits/{name}.svg")),
                allow: None,
            };
            client
                .set_self_info(change)
                .await
                .with_context(|| format!("cannot set the profile of {name}"))?;
            clients.insert(name, client);
        }
        for (number, (from, to, text)) in LETTERS.into_iter().enumerate() {
            let sender = clients.get(from).context("every message has a sender in the demo")?;
            let id = ClientMessageId::new(&format!("demo-letter-{number}"))?;
            let sent = sender.send_c2c_text_message_as(to, text, &id).await;
            sent.with_context(|| format!("cannot send a message from {from} to {to}"))?;
        }
        for client in clients.into_values() {
            client.logout().await?;
        }
        Ok(())
    }
}
