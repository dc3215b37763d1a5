//! `lamplight watch`: shows the statuses of users live.

use crate::args::{AppArg, Common, parse_user};
use crate::logs;
use crate::node_file::NodeFile;
use crate::operator::Operator;
use crate::secret_arg::SecretReader;
use crate::signing::sign;
use crate::time_text::present;
use crate::watch::session::{Begin, Session};
use crate::watch::{plain, screen};
use anyhow::{Context, bail};
use clap::Args;
use lamplight_client::{Client, Platform};
use lamplight_model::{AppId, UserId};
use lamplight_server::FactsSettings;
use std::fs;
use std::io::IsTerminal;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::Duration;

/// The validity of the UserSig that the command makes. The command ends when the UserSig expires.
const SIG_EXPIRES: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Arguments of `lamplight watch`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight watch bob carol --as alice
  lamplight watch --as alice --status \"listening to music\"
  lamplight watch bob --as alice --plain | tee changes.txt
  lamplight watch bob --as alice --server tls://chat.example:7400 --app 1400000001 --sig \"$TOKEN\"

Without PEOPLE: yourself, your subscriptions and, if the app notifies friends, your friends. The devices \
shown are those of the last change: a further device of a user who is already online is not reported.

Keys: s sets your custom status, a adds a user, d removes one, q logs out and quits, Q or Ctrl-C quits \
without logging out, as if the link had broken.

Without a terminal, or with --plain, every change is one line; SIGTERM logs out and quits then, \
SIGINT quits without logging out.")]
pub struct WatchArgs {
    /// The users to watch
    #[arg(value_name = "PEOPLE", value_parser = parse_user)]
    people: Vec<UserId>,
    /// The user to log in as
    #[arg(long = "as", value_name = "USER", value_parser = parse_user)]
    me: UserId,
    /// The URL of the server: tcp://, tls://, ws:// or wss:// [default: the server of the data folder]
    #[arg(long, value_name = "ADDRESS")]
    server: Option<String>,
    /// Your UserSig or JWT; `-` reads it from stdin [default: a new UserSig, made with the key in the data
    /// folder]
    #[arg(long, value_name = "SIG|-", allow_hyphen_values = true)]
    sig: Option<String>,
    /// A root certificate to trust in addition to those of the system, PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The platform of this device: iPhone, Android, iPad, Windows, Mac, Linux or Web
    #[arg(long, value_name = "PLATFORM", default_value = "Linux")]
    platform: Platform,
    /// Your custom status
    #[arg(long, value_name = "TEXT")]
    status: Option<String>,
    /// Print one line for each change, even in a terminal
    #[arg(long)]
    plain: bool,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(mut args: WatchArgs, common: &Common) -> anyhow::Result<()> {
    SecretReader::default().read_in_place("--sig", &mut args.sig)?;
    let on_screen = !args.plain && !common.json && std::io::stdout().is_terminal();
    if !on_screen {
        logs::start_quietly()?;
    }
    let store = common.store()?;
    let folder = &store.data_dir;
    let server = match &args.server {
        Some(server) => server.clone(),
        None => {
            let file = NodeFile::read(folder)?.with_context(|| {
                format!(
                    "no server is running on {}; start one, or give its URL with --server",
                    folder.display()
                )
            })?;
            file.client_url()
        }
    };
    let (app, user_sig) = credentials(&args, &store).await?;
    let mut builder = Client::builder(&server).app(app).platform(args.platform);
    if args.sig.is_none() {
        // The device id is stored in the data folder, one for each platform, so that the next `watch` logs in as the
        // same device.
        builder = builder.device_id_file(device_file(folder, args.platform)?);
    }
    if let Some(path) = &args.ca {
        let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        builder = builder.add_root_certificate_pem(pem);
    }
    let begin =
        Begin { me: &args.me, user_sig: &user_sig, people: &args.people, status: args.status.as_deref() };
    let session = Session::begin(builder.build()?, begin).await;
    let session = session.with_context(|| format!("cannot watch as {} at {server}", args.me))?;
    if on_screen { screen::run(session).await } else { plain::run(session, common.json).await }
}

/// Returns the app and a token. The token is given, or made with the key in the data folder.
async fn credentials(args: &WatchArgs, store: &FactsSettings) -> anyhow::Result<(AppId, String)> {
    if let Some(sig) = &args.sig {
        let app = match (args.app.app, &args.server) {
            (Some(app), _) => app,
            (None, None) => Operator::open(store).await?.app(None).await?.id,
            // The data folder belongs to another server than the given one.
            (None, Some(_)) => {
                bail!("name the app with --app: with --server, the data folder does not tell which it is")
            }
        };
        return Ok((app, sig.clone()));
    }
    let app = Operator::open(store).await?.app(args.app.app).await?;
    let (user_sig, _) = sign(&app, args.me.clone(), SIG_EXPIRES, present())?;
    Ok((app.id, user_sig))
}

fn device_file(folder: &std::path::Path, platform: Platform) -> anyhow::Result<PathBuf> {
    let devices = folder.join("watch");
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&devices);
    made.with_context(|| format!("cannot create {}", devices.display()))?;
    Ok(devices.join(format!("{platform}.device")))
}
