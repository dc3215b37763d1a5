//! The output of `watch` on a screen: connects the terminal, its keys and the session.

use super::keys::{Keyboard, Wish};
use super::session::Session;
use super::view;
use crossterm::event::{Event as TerminalEvent, KeyEvent};
use ratatui::DefaultTerminal;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// The maximum number of keys that are queued while the screen is drawn.
const MAX_KEYS: usize = 64;

/// The interval at which the times on the screen are redrawn.
const REDRAW: Duration = Duration::from_secs(1);

/// The interval at which the reading thread checks whether the receiver of its keys still exists.
const KEY_PATIENCE: Duration = Duration::from_millis(200);

/// Shows the session until the user quits.
pub async fn run(mut session: Session) -> anyhow::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let logout = show(&mut terminal, &mut session).await;
    ratatui::restore();
    if logout? {
        session.log_out().await;
    }
    Ok(())
}

/// Input from the terminal.
enum Input {
    Key(KeyEvent),
    Resized,
}

/// Draws the screen after every event, until the user quits. Returns `true` if the caller must log out.
async fn show(terminal: &mut DefaultTerminal, session: &mut Session) -> anyhow::Result<bool> {
    let mut inputs = read_terminal();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut redraw = interval(REDRAW);
    redraw.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keyboard = Keyboard::default();
    loop {
        let now = session.now();
        terminal.draw(|frame| view::draw(&session.roster, &keyboard, now, frame))?;
        let key = tokio::select! {
            _ = session.next() => continue,
            _ = redraw.tick() => continue,
            _ = terminate.recv() => return Ok(true),
            input = inputs.recv() => match input {
                Some(Ok(Input::Key(key))) => key,
                Some(Ok(Input::Resized)) => continue,
                Some(Err(error)) => return Err(error.into()),
                // The thread that reads the terminal has ended, so the terminal is gone.
                None => return Ok(false),
            },
        };
        let own = session.roster.own().map(|status| status.custom_status.clone()).unwrap_or_default();
        let wish = keyboard.press(key, session.roster.people.len(), own.as_str());
        match wish {
            None => {}
            Some(Wish::SetStatus(text)) => session.set_status(text),
            Some(Wish::Add(user)) => session.add(user),
            Some(Wish::Remove(row)) => remove(session, row),
            Some(Wish::Complain(why)) => session.roster.say(now, why),
            Some(Wish::Quit { logout }) => return Ok(logout),
        }
    }
}

fn remove(session: &mut Session, row: usize) {
    let last = session.roster.people.len().saturating_sub(1);
    let Some(person) = session.roster.people.get(row.min(last)) else { return };
    let user = person.id.clone();
    if user == session.roster.me {
        let now = session.now();
        session.roster.say(now, "your own status is always shown");
    } else {
        session.remove(user);
    }
}

/// Starts a thread that reads the terminal, because reading blocks. The thread ends after its receiver is dropped.
fn read_terminal() -> mpsc::Receiver<io::Result<Input>> {
    let (sender, receiver) = mpsc::channel(MAX_KEYS);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let input = match crossterm::event::poll(KEY_PATIENCE) {
                Ok(false) => continue,
                Ok(true) => crossterm::event::read(),
                Err(error) => Err(error),
            };
            let input = match input {
                Ok(TerminalEvent::Key(key)) => Ok(Input::Key(key)),
                Ok(TerminalEvent::Resize(_, _)) => Ok(Input::Resized),
                Ok(
                    TerminalEvent::FocusGained
                    | TerminalEvent::FocusLost
                    | TerminalEvent::Mouse(_)
                    | TerminalEvent::Paste(_),
                ) => continue,
                Err(error) => Err(error),
            };
            let failed = input.is_err();
            if sender.blocking_send(input).is_err() || failed {
                break;
            }
        }
    });
    receiver
}
