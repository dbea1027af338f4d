//! Becoming a site of a collector: online with a code that a person reads out, or with a file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use sekisho_api::enrol::{EnrolRequest, Enrolled, OfflineInvitation};
use sekisho_report::{Lang, fill};
use sekisho_sync::{Address, Code, Connection, Proven, Side, agree, pack, prove, stranger};

use super::meeting;
use super::place::{Collector, Invitation, Place};
use super::trouble::{refusal_of_a_stranger, worded};
use crate::cli;
use crate::run::config;

/// Enrols the box.
pub(crate) fn enrol(args: &cli::Enrol, lang: Lang) -> anyhow::Result<()> {
    let config = config::load(&args.config)?.config;
    let (place, collector) = match (&args.invitation, &args.url, &args.code) {
        (Some(file), _, _) => {
            let (id, collector) = invited(file)?;
            (Place::enrolling(&config.ledger, &id)?, collector)
        }
        (None, Some(url), Some(code)) => {
            let proxy = config.sync.as_ref().and_then(|sync| sync.proxy.clone());
            let code: Code = code.parse()?;
            let place = Place::enrolling(&config.ledger, code.name())?;
            let collector = meeting::runtime()?.block_on(online(&place, url, proxy.as_deref(), &code));
            (place, collector.map_err(|error| worded(error, lang))?)
        }
        (None, _, _) => bail!("give an address and a code, or --invitation FILE"),
    };
    place.belong(&collector)?;
    let key = if collector.url.is_some() { "sync.enrolled" } else { "sync.invited" };
    meeting::tell(&fill(lang, key, &[("site", &collector.site)]))
}

async fn online(place: &Place, url: &str, proxy: Option<&str>, code: &Code) -> anyhow::Result<Collector> {
    let address: Address = url.parse()?;
    let proxy = proxy.map(str::parse::<Address>).transpose()?;
    let secret = code.stretch()?;
    let (tls, met) = stranger()?;
    let mut connection = Connection::open(&address, proxy.as_ref(), Arc::new(tls)).await?;
    let certificate = met.certificate();
    let exporter = connection.exporter().to_vec();
    let met = Proven { exporter: &exporter, certificate: &certificate, texts: &[] };
    let (id, request, recipient) = (code.name().to_owned(), place.key.request()?, place.sealer.recipient());
    let proof = prove(&secret, Side::Agent, Proven { texts: &[&id, &request, &recipient], ..met });
    let asked = EnrolRequest { id, request, recipient, proof };
    let reply = connection.post("/v1/enrol", pack(&asked)?).await?;
    if reply.status != 200 {
        bail!(refusal_of_a_stranger(&reply));
    }
    // Why not would quote it.
    let enrolled = sekisho_sync::unpack(&reply.body).ok();
    let enrolled: Enrolled = enrolled.context("whoever answered does not speak as a collector does")?;
    let Enrolled { site, certificate: own, ca, recipient, proof } = &enrolled;
    // Whoever answered without the code is not the collector: nothing of it is kept.
    let said = Proven { texts: &[site, own, ca, recipient], ..met };
    if !agree(&secret, Side::Collector, said, proof) {
        bail!(
            "whoever answered does not know the code: this is not your collector, and nothing was taken over"
        );
    }
    if sekisho_sync::point_of(&sekisho_sync::der(own)?)? != place.key.public() {
        bail!("the collector sent a certificate for another key");
    }
    Ok(Collector {
        url: Some(url.to_owned()),
        site: enrolled.site,
        ca: enrolled.ca,
        certificate: Some(enrolled.certificate),
        recipient: enrolled.recipient,
        invitation: None,
        keys: None,
    })
}

/// Takes over what a file says; the collector learns of the box with its first bundle.
fn invited(file: &Path) -> anyhow::Result<(String, Collector)> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let invitation: OfflineInvitation =
        serde_json::from_str(&text).with_context(|| format!("{} is no invitation", file.display()))?;
    let OfflineInvitation { site, id, secret, ca, recipient } = invitation;
    let collector = Collector {
        url: None,
        site,
        ca,
        certificate: None,
        recipient,
        invitation: Some(Invitation { id: id.clone(), secret }),
        keys: None,
    };
    Ok((id, collector))
}
