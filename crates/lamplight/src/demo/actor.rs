//! Somebody of the demo, with the real SDK over real sockets.

use super::cast::Character;
use super::life::{Life, Step};
use crate::commands::sig;
use crate::output::line;
use crate::time_text::{clock, present};
use anyhow::Context;
use lamplight_client::Client;
use lamplight_model::{App, UserId};
use std::time::Duration;

/// How long a UserSig of the demo is good. Each login makes a fresh one.
const SIG_EXPIRES: Duration = Duration::from_secs(24 * 3_600);

/// Where the demo is played.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Where the server is.
    pub server: String,
    /// The app, with its key.
    pub app: App,
}

/// Lives until it is aborted.
pub async fn play(stage: Stage, character: &'static Character, seed: u64) -> anyhow::Result<()> {
    let mut life = Life::new(character, seed);
    let mut actor = Actor { stage, character, clients: vec![None; character.devices.len()] };
    loop {
        let (wait, step) = life.next();
        tokio::time::sleep(wait).await;
        if let Err(error) = actor.act(&step).await {
            tracing::warn!(%error, user = character.name, ?step, "somebody of the demo stumbled");
            actor.clients.fill(None);
            life.stumble();
            continue;
        }
        line(format!("{}  {:8} {}", clock(present()), character.name, text(character, &step)))?;
    }
}

struct Actor {
    stage: Stage,
    character: &'static Character,
    clients: Vec<Option<Client>>,
}

impl Actor {
    async fn act(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::LogIn(index) => self.clients[*index] = Some(self.log_in(*index).await?),
            Step::Say(saying) => self.say(saying).await?,
            Step::SayNothing => self.say("").await?,
            // A client that is dropped closes its link, and logs nobody out.
            Step::LoseNetwork => self.clients.fill(None),
            Step::LogOut(index) => {
                if let Some(client) = self.clients[*index].take() {
                    client.logout().await?;
                }
            }
        }
        Ok(())
    }

    async fn log_in(&self, index: usize) -> anyhow::Result<Client> {
        let (Stage { server, app }, platform) = (&self.stage, self.character.devices[index]);
        let user = UserId::new(self.character.name)?;
        let (user_sig, _) = sig::sign(app, user, SIG_EXPIRES, present())?;
        let device = format!("demo-{platform}");
        let client = Client::builder(server).app(app.id).platform(platform).device_id(device).build()?;
        client.login(self.character.name, &user_sig).await?;
        Ok(client)
    }

    async fn say(&self, text: &str) -> anyhow::Result<()> {
        let client = self.clients.iter().flatten().next().context("no device is connected")?;
        client.set_self_status(text).await?;
        Ok(())
    }
}

fn text(character: &Character, step: &Step) -> String {
    match step {
        Step::LogIn(index) => format!("is here, on {}", character.devices[*index]),
        Step::Say(saying) => format!("says: {saying}"),
        Step::SayNothing => "says nothing any longer".to_owned(),
        Step::LoseNetwork => "loses the network".to_owned(),
        Step::LogOut(index) => format!("logs out on {}", character.devices[*index]),
    }
}
