//! Sessions: who has signed in, by a random token that only the browser has.
//!
//! Pure: the moment is an argument. Kept in memory, by the token's digest: a restart signs everybody out,
//! and who reads the memory's image finds no token.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::error::ConsoleError;
use crate::password::{random, sha256};

/// A shift's break: who comes back later signs in again (NIST SP 800-63B §2.2.3 has 30 minutes).
const IDLE: Duration = Duration::from_mins(30);
/// A working day.
pub(crate) const LIFE: Duration = Duration::from_hours(12);
/// More than an IT department; the one that was idle longest makes room.
const MAX_SESSIONS: usize = 64;

struct Session {
    began: Instant,
    used: Instant,
    csrf: String,
}

/// Everybody who has signed in.
#[derive(Default)]
pub(crate) struct Sessions(BTreeMap<[u8; 32], Session>);

impl Sessions {
    /// Begins a session and gives its token.
    pub(crate) fn begin(&mut self, now: Instant) -> Result<String, ConsoleError> {
        self.0.retain(|_, session| session.lives(now));
        while self.0.len() >= MAX_SESSIONS {
            let idlest = self.0.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            let Some(idlest) = idlest else { break };
            self.0.remove(&idlest);
        }
        let (token, csrf) = (token()?, self::token()?);
        self.0.insert(sha256(&token), Session { began: now, used: now, csrf });
        Ok(token)
    }

    /// Gives the token that a session's forms carry; nothing where there is no such session any more.
    pub(crate) fn csrf(&mut self, token: &str, now: Instant) -> Option<String> {
        let key = sha256(token);
        if !self.0.get(&key)?.lives(now) {
            self.0.remove(&key);
            return None;
        }
        let session = self.0.get_mut(&key)?;
        session.used = now;
        Some(session.csrf.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&mut self, token: &str) {
        self.0.remove(&sha256(token));
    }
}

impl Session {
    fn lives(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < IDLE && now.saturating_duration_since(self.began) < LIFE
    }
}

/// Makes a token of 256 bits.
pub(crate) fn token() -> Result<String, ConsoleError> {
    let mut out = String::new();
    for octet in random::<32>()? {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{octet:02x}");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_while_it_is_used_and_a_day_at_most() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let token = sessions.begin(start).unwrap();
        let csrf = sessions.csrf(&token, start).unwrap();
        assert_ne!(csrf, token);
        let mut now = start;
        while now + IDLE < start + LIFE {
            now += IDLE / 2;
            assert_eq!(sessions.csrf(&token, now).as_ref(), Some(&csrf));
        }
        assert_eq!(sessions.csrf(&token, start + LIFE), None);
        let idle = sessions.begin(start).unwrap();
        assert_eq!(sessions.csrf(&idle, start + IDLE), None);
        assert_eq!(sessions.csrf("", start), None);
    }

    #[test]
    fn the_idlest_makes_room_and_who_signs_out_is_out() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let second = Duration::from_secs(1);
        let first = sessions.begin(start).unwrap();
        let others: Vec<_> = (0..MAX_SESSIONS).map(|_| sessions.begin(start + second).unwrap()).collect();
        assert_eq!(sessions.csrf(&first, start + second), None);
        assert!(others.iter().all(|token| sessions.csrf(token, start + second).is_some()));
        sessions.end(&others[0]);
        assert_eq!(sessions.csrf(&others[0], start + second), None);
    }
}
