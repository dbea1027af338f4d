//! Which sites a collector has, who was invited, and whose key is whose.
//!
//! A site is known by the key that its box made, whatever certificate is wrapped around it: revoking takes
//! effect with the next request, for every request asks here. A site has one key at a time, and every act is
//! in the journal beside the ledger (`journal`).

use jiff::Timestamp;

use super::intake::Intake;
use super::journal::{self, Act, Journal};
use crate::clean;
use crate::error::Fault;
use crate::sql::{micros, time};
use crate::store::{Database, Row};
use crate::{LedgerError, Reader};

/// Wrong codes that an invitation stands: of 50 bits they tell nothing.
pub const MAX_TRIES: i64 = 5;

/// A site of the collector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Its name.
    pub site: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether it has a key that is not revoked.
    pub enrolled: bool,
    /// Whether every key that it had is revoked.
    pub revoked: bool,
}

/// An invitation to enrol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invitation {
    /// What it is called: the part of the code that is no secret.
    pub id: String,
    /// The site.
    pub site: String,
    /// What the secret part of the code comes to, in hexadecimal digits.
    pub secret: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A key of a site.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credential {
    /// The public key, in hexadecimal digits.
    pub public_key: String,
    /// The site.
    pub site: String,
    /// To whom bundles for the site are encrypted.
    pub recipient: String,
    /// Whether it is revoked.
    pub revoked: bool,
}

/// Why an invitation does not help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotInvited {
    /// There is none of that name, it has ended, or it was tried too often.
    #[error("no such invitation")]
    Unknown,
    /// Another key has used it.
    #[error("the invitation was used")]
    Used,
    /// The key is known already: as another site's, or as one that was revoked.
    #[error("the key is another site's, or was revoked")]
    KnownKey,
}

/// Of `invitations`: site, secret, end, the key that used it.
type Found = (String, String, i64, Option<String>);

/// Every table that knows of a site, that last by which its history may go; but not that of its keys: a
/// removed site's stay, revoked.
const OF_A_SITE: &[&str] = &[
    "acts",
    "activity",
    "captures",
    "changes",
    "connections",
    "days",
    "decisions",
    "devices",
    "evidence",
    "exits",
    "former_changes",
    "inputs",
    "inquiries",
    "inquiry_evidence",
    "invitations",
    "map_marks",
    "members",
    "registrations",
    "runs",
    "sensors",
    "sightings",
    "sites",
    "snapshots",
    "standing",
    "sync_epochs",
    "sync_in",
    "sync_stale",
    "sync_moving",
];

impl Intake {
    /// Adds a site; one that is there stays as it is. Says whether it is new.
    pub fn add(&mut self, site: &str, now: Timestamp) -> Result<bool, LedgerError> {
        self.act(now, |database, doing| {
            let name = clean::text(site.trim());
            if name.is_empty() || name != site {
                return Err(Fault::NoSite);
            }
            let known = "SELECT 1 FROM members WHERE site = $1";
            if database.query_row(known, (site,), |row| row.get::<i64>(0))?.is_some() {
                return Ok(false);
            }
            doing(Act::Added { site: site.to_owned() })?;
            Ok(true)
        })
    }

    /// Lists the sites by name.
    pub fn members(&mut self) -> Result<Vec<Member>, LedgerError> {
        self.change(|database| {
            let sql = "SELECT m.site, m.added_at, \
                       (SELECT COUNT(*) FROM credentials c WHERE c.site = m.site AND c.revoked_at IS NULL), \
                       (SELECT COUNT(*) FROM credentials c WHERE c.site = m.site AND c.revoked_at IS NOT NULL) \
                       FROM members m ORDER BY m.site";
            database.query(sql, (), |row| {
                let (valid, revoked): (i64, i64) = (row.get(2)?, row.get(3)?);
                Ok(Member {
                    site: row.get(0)?,
                    added_at: time(row.get(1)?)?,
                    enrolled: valid > 0,
                    revoked: valid == 0 && revoked > 0,
                })
            })
        })
    }

    /// Enters an invitation; earlier ones of the site end.
    pub fn invite(&mut self, invitation: &Invitation) -> Result<(), LedgerError> {
        self.change(|database| {
            database.execute("DELETE FROM invitations WHERE site = $1", (&invitation.site,))?;
            let sql = "INSERT INTO invitations (id, site, secret, expires_at, tries, used_by) \
                       VALUES ($1, $2, $3, $4, 0, NULL)";
            let Invitation { id, site, secret, expires_at } = invitation;
            database.execute(sql, (id, site, secret, micros(*expires_at)))?;
            Ok(())
        })
    }

    /// Finds an invitation that may still be used by a key, and counts a try.
    pub fn invitation(
        &mut self,
        id: &str,
        public_key: &str,
        now: Timestamp,
    ) -> Result<Result<Invitation, NotInvited>, LedgerError> {
        self.change(|database| {
            // One statement: of tries that come at once each is counted.
            let sql = "UPDATE invitations SET tries = tries + 1 \
                       WHERE id = $1 AND tries < $2 AND expires_at > $3 RETURNING site, secret, expires_at, used_by";
            let found: Option<Found> = database.query_row(sql, (id, MAX_TRIES, micros(now)), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
            let Some((site, secret, expires, used_by)) = found else {
                return Ok(Err(NotInvited::Unknown));
            };
            // Whose answer was lost asks once more, with the same key.
            if used_by.is_some_and(|known| known != public_key) {
                return Ok(Err(NotInvited::Used));
            }
            Ok(Ok(Invitation { id: id.to_owned(), site, secret, expires_at: time(expires)? }))
        })
    }

    /// Enters a key that has proved its invitation, which may have been taken back or used since it was found.
    pub fn enrol(
        &mut self,
        invitation: &Invitation,
        public_key: &str,
        recipient: &str,
        now: Timestamp,
    ) -> Result<Result<(), NotInvited>, LedgerError> {
        self.act(now, |database, doing| {
            let Invitation { id, site, secret, .. } = invitation;
            // A key is of one site for ever; the invitation stays good for another.
            let known = find(database, public_key)?;
            if known.as_ref().is_some_and(|known| known.revoked || known.site != *site) {
                return Ok(Err(NotInvited::KnownKey));
            }
            // One statement: of two keys one has it.
            let sql = "UPDATE invitations SET tries = tries - 1, used_by = $2 \
                       WHERE id = $1 AND site = $3 AND secret = $4 AND (used_by IS NULL OR used_by = $2) \
                       RETURNING 1";
            let used = database.query_row(sql, (id, public_key, site, secret), |row| row.get::<i64>(0))?;
            if used.is_none() {
                return Ok(Err(NotInvited::Used));
            }
            if known.is_none() {
                let [site, public_key, recipient, invitation] =
                    [site, public_key, recipient, id].map(str::to_owned);
                doing(Act::Enrolled { site, public_key, recipient, invitation })?;
            }
            Ok(Ok(()))
        })
    }

    /// Finds a key.
    pub fn credential(&mut self, public_key: &str) -> Result<Option<Credential>, LedgerError> {
        self.change(|database| find(database, public_key))
    }

    /// Finds the key of a site that was entered last and is not revoked.
    pub fn credential_of(&mut self, site: &str) -> Result<Option<Credential>, LedgerError> {
        self.change(|database| {
            let sql = "SELECT public_key, site, recipient, revoked_at FROM credentials \
                       WHERE site = $1 AND revoked_at IS NULL ORDER BY enrolled_at DESC LIMIT 1";
            database.query_row(sql, (site,), credential)
        })
    }

    /// Revokes every key and invitation of a site, and says how many keys that were.
    pub fn revoke(&mut self, site: &str, now: Timestamp) -> Result<usize, LedgerError> {
        self.act(now, |database, doing| {
            let count = "SELECT COUNT(*) FROM credentials WHERE site = $1 AND revoked_at IS NULL";
            let keys: i64 = database.query_row(count, (site,), |row| row.get(0))?.unwrap_or(0);
            doing(Act::Revoked { site: site.to_owned() })?;
            Ok(usize::try_from(keys).unwrap_or(0))
        })
    }

    /// Removes a site with all that is known of it, its history, too.
    pub fn forget(&mut self, site: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.act(now, |_, doing| doing(Act::Removed { site: site.to_owned() }))
    }

    /// Decides on acts in one transaction, each of which is in the journal before it ends.
    fn act<T>(
        &mut self,
        now: Timestamp,
        decide: impl FnOnce(&Database, &dyn Fn(Act) -> Result<(), Fault>) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let journal = self.journal.clone();
        self.change(|database| {
            let doing = |act: Act| {
                perform(database, &act, micros(now))?;
                journal.as_ref().map_or(Ok(()), |journal| journal.enter(database, micros(now), act))
            };
            decide(database, &doing)
        })
    }
}

/// Takes from the journal what a ledger lacks that was put back.
pub(super) fn catch_up(database: &Database, journal: &Journal) -> Result<(), Fault> {
    for (line, (at, act)) in journal.lacking(database)? {
        perform(database, &act, at)?;
        journal::has(database, line)?;
    }
    Ok(())
}

/// Does what an act says; done again from the journal it comes to the same.
fn perform(database: &Database, act: &Act, at: i64) -> Result<(), Fault> {
    match act {
        Act::Added { site } => {
            let sql = "INSERT INTO members (site, added_at) VALUES ($1, $2) ON CONFLICT (site) DO NOTHING";
            database.execute(sql, (site, at))
        }
        Act::Enrolled { site, public_key, recipient, invitation } => {
            let used = "UPDATE invitations SET used_by = $2 WHERE id = $1";
            database.execute(used, (invitation, public_key))?;
            // One box sends: whichever was there before is replaced.
            let sql = "UPDATE credentials SET revoked_at = $2 WHERE site = $1 AND revoked_at IS NULL";
            database.execute(sql, (site, at))?;
            database.execute("UPDATE sync_in SET source = '', other_at = NULL WHERE site = $1", (site,))?;
            let sql = "INSERT INTO credentials (public_key, site, recipient, enrolled_at, revoked_at) \
                       VALUES ($1, $2, $3, $4, NULL) ON CONFLICT (public_key) DO NOTHING";
            database.execute(sql, (public_key, site, recipient, at))
        }
        Act::Revoked { site } => revoke(database, site, at),
        Act::Removed { site } => {
            database.hold(site)?;
            revoke(database, site, at)?;
            // The history goes only where it is said that it may.
            database.execute("INSERT INTO sync_moving (site) VALUES ($1)", (site,))?;
            for name in OF_A_SITE {
                database.execute(&format!("DELETE FROM {name} WHERE site = $1"), (site,))?;
            }
            Ok(())
        }
    }
}

impl Reader {
    /// Finds a key.
    pub fn credential(&self, public_key: &str) -> Result<Option<Credential>, LedgerError> {
        self.read(|database| find(database, public_key))
    }
}

fn find(database: &Database, public_key: &str) -> Result<Option<Credential>, Fault> {
    let sql = "SELECT public_key, site, recipient, revoked_at FROM credentials WHERE public_key = $1";
    database.query_row(sql, (public_key,), credential)
}

fn revoke(database: &Database, site: &str, at: i64) -> Result<(), Fault> {
    database.execute("DELETE FROM invitations WHERE site = $1", (site,))?;
    let sql = "UPDATE credentials SET revoked_at = $2 WHERE site = $1 AND revoked_at IS NULL";
    database.execute(sql, (site, at))
}

fn credential(row: &Row<'_>) -> Result<Credential, Fault> {
    let revoked: Option<i64> = row.get(3)?;
    Ok(Credential {
        public_key: row.get(0)?,
        site: row.get(1)?,
        recipient: row.get(2)?,
        revoked: revoked.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;

    #[test]
    fn every_table_that_knows_of_a_site_is_emptied_of_one_that_is_removed() {
        let database = Database::in_memory().unwrap();
        crate::schema::migrate(&database).unwrap();
        let sql = "SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND c.name = 'site' AND t.name <> 'credentials' ORDER BY t.name";
        let known: Vec<String> = database.query(sql, (), |row| row.get(0)).unwrap();
        let mut named = OF_A_SITE.to_vec();
        named.sort_unstable();
        assert_eq!(named, known);
        assert_eq!(OF_A_SITE.last(), Some(&"sync_moving"));
    }
}
