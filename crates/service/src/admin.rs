//! What an operator or the app's backend does to apps and accounts.

use crate::{Service, ServiceError};
use lamplight_directory::News;
use lamplight_model::{App, Code, Hook, Lane, Now, Refusal, User, UserId, WebhookUrl};

impl Service {
    /// Makes an app or replaces all of it. Settings outside their bounds are refused with 6017.
    pub async fn put_app(&self, app: App) -> Result<(), ServiceError> {
        let _changing = self.app_changes.lock().await;
        self.change_app(app).await
    }

    /// As [`Service::put_app`], if the app still is what it was: `None` where there was none. Says whether it did;
    /// if not, somebody else was quicker, and nothing was changed.
    pub async fn replace_app(&self, was: Option<&App>, app: App) -> Result<bool, ServiceError> {
        let _changing = self.app_changes.lock().await;
        if self.apps.get(app.id).as_deref() != was {
            return Ok(false);
        }
        self.change_app(app).await?;
        Ok(true)
    }

    async fn change_app(&self, app: App) -> Result<(), ServiceError> {
        app.settings
            .validate()
            .map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
        for (setting, url) in [
            ("webhooks.state_change_url", &app.settings.webhooks.state_change_url),
            ("webhooks.push_url", &app.settings.webhooks.push_url),
        ] {
            if !url.is_empty() {
                WebhookUrl::parse(url).map_err(|invalid| {
                    Refusal::because(Code::INVALID_PARAMETER, format!("{setting}: {invalid}"))
                })?;
            }
        }
        self.facts.put_app(app.clone()).await?;
        let id = app.id;
        self.apps.put(app);
        let nobody = User::new(id, UserId::new("*").expect("printable"));
        self.directory.publish(&nobody, News::App(id));
        // What waits may lead elsewhere now.
        Hook::ALL.into_iter().for_each(|hook| self.outbox_bell().ring(Lane { app: id, hook }));
        Ok(())
    }

    /// Makes an account if there is none. Says whether it made one.
    pub async fn create_account(&self, user: &User, now: Now) -> Result<bool, ServiceError> {
        self.app(user)?;
        let made = self.facts.create_account(user.clone(), now.wall).await?;
        self.directory.update(user, now, lamplight_core::Presence::restore_account).await?;
        Ok(made)
    }

    /// Deletes an account: its logins and connections end, and its watchers are told. Refused with 70107.
    pub async fn delete_account(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let friends = self.facts.mutual_friends(user.clone()).await?;
        if !self.facts.delete_account(user.clone()).await? {
            return Err(Code::NO_SUCH_ACCOUNT.into());
        }
        self.directory.update(user, now, |presence| presence.delete(&app.settings, now)).await?;
        for friend in friends {
            self.publish_friendship(user, &friend, false);
            self.directory.publish(&User::new(user.app, friend), News::ListsUnknown);
        }
        Ok(())
    }

    /// Ends every login of a user and revokes every UserSig issued until now. Refused with 70107.
    pub async fn kick(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        if !self.facts.revoke_sigs(user.clone(), now.wall).await? {
            return Err(Code::NO_SUCH_ACCOUNT.into());
        }
        let logins = self.facts.logins(user.clone()).await?;
        let ended = logins
            .into_iter()
            .map(|login| lamplight_facts::EndedLogin { device: login.device, mark: None })
            .collect();
        self.facts.end_logins(user.clone(), ended).await?;
        self.directory.update(user, now, |presence| presence.kick(&app.settings, now)).await?;
        Ok(())
    }
}
