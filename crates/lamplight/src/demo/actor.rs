//! A simulated user of the demo, with the real SDK and real sockets.

use super::cast::{Character, is_player};
use super::life::{Life, Step};
use super::stage::Stage;
use crate::output::line;
use crate::time_text::{clock, present};
use anyhow::Context;
use lamplight_client::{Client, Event};
use lamplight_model::UserId;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The delay before a simulated user answers a message.
const WRITING: Duration = Duration::from_millis(1_800);

/// The number of newest conversations that are checked for unanswered messages. Fewer visitors than this can log in, so
/// every visitor's message is checked.
const LATEST: u32 = 10;

/// Runs a simulated user until the task is aborted.
pub async fn play(stage: Stage, character: &'static Character, seed: u64) -> anyhow::Result<()> {
    let mut life = Life::new(character, seed);
    // One queued notification is enough, because the user then checks all conversations.
    let (letters, mut letter) = mpsc::channel(1);
    let mut actor =
        Actor { stage, character, clients: vec![None; character.devices.len()], letters, answers: 0 };
    loop {
        let (wait, step) = life.next();
        let at = Instant::now() + wait;
        while let Ok(Some(())) = tokio::time::timeout_at(at, letter.recv()).await {
            tokio::time::sleep(WRITING).await;
            if let Err(error) = actor.answer_letters().await {
                tracing::warn!(%error, user = character.name, "a simulated user cannot answer a message");
            }
        }
        if let Err(error) = actor.act(&step).await {
            tracing::warn!(%error, user = character.name, ?step, "an action of a simulated user has failed");
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
    /// The channel for notifications that a message may be unanswered.
    letters: mpsc::Sender<()>,
    answers: usize,
}

impl Actor {
    async fn act(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::LogIn(index) => self.clients[*index] = Some(self.log_in(*index).await?),
            Step::Say(saying) => self.say(saying).await?,
            Step::SayNothing => self.say("").await?,
            // Dropping a client closes its connection without a logout.
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
        let platform = self.character.devices[index];
        let client = self.stage.log_in(self.character.name, platform, format!("demo-{platform}")).await?;
        let (mut events, letters) = (client.events(), self.letters.clone());
        // Requests a check for messages that arrived before this login.
        let _ = letters.try_send(());
        // The task ends when its client is dropped.
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if matches!(event, Event::MessagesReceived(_)) {
                    // If a notification is already queued, a second one is not needed.
                    let _ = letters.try_send(());
                }
            }
        });
        Ok(client)
    }

    async fn say(&self, text: &str) -> anyhow::Result<()> {
        self.connected().context("no device is connected")?.set_self_status(text).await?;
        Ok(())
    }

    /// Answers each conversation in which a visitor wrote last. Without a connected device, answers after the next
    /// login.
    async fn answer_letters(&mut self) -> anyhow::Result<()> {
        let Some(client) = self.connected().cloned() else { return Ok(()) };
        for conversation in client.get_conversation_list(None, LATEST).await?.conversations {
            let peer: &UserId = &conversation.peer;
            let waits = conversation.last_message.is_some_and(|message| message.from == *peer);
            if !waits || !is_player(peer.as_str()) {
                continue;
            }
            client.mark_read(peer.as_str(), None).await?;
            let answer = self.character.answers[self.answers % self.character.answers.len()];
            self.answers += 1;
            client.send_c2c_text_message(peer.as_str(), answer).await?;
            line(format!("{}  {:8} writes to {peer}: {answer}", clock(present()), self.character.name))?;
        }
        Ok(())
    }

    fn connected(&self) -> Option<&Client> {
        self.clients.iter().flatten().next()
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
