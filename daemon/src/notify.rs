//! What systemd hears from us, where it listens: ready, a line of status, alive, stopping.

use crate::inbox::{Inbox, Message};
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::warn;

/// A newline would begin a new assignment of the notify protocol.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(cause) = sd_notify::notify(states) {
        warn!(cause = %cause, "systemd did not hear us");
    }
}

pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
}

pub fn status(text: &str) {
    tell(&[NotifyState::Status(&one_line(text))]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells systemd that we live, a third of its patience apart, each time after the driver has answered from a turn and
/// a read of the store. Never returns while the driver lives.
pub async fn watchdog(inbox: Inbox) {
    let Some(patience) = sd_notify::watchdog_enabled().filter(|patience| *patience > Duration::ZERO) else {
        return std::future::pending().await;
    };
    let mut pace = tokio::time::interval(patience / 3);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let (answer, answered) = oneshot::channel();
        if inbox.send(Message::Ping(answer)).await.is_err() {
            return;
        }
        if answered.await.is_ok() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}
