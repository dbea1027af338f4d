//! DICOM's upper layer (PS3.8): who associates with whom, to do what.
//!
//! | note | side | from |
//! |---|---|---|
//! | `calling_ae` | requestor | A-ASSOCIATE-RQ, or the AC's copy where the RQ was missed |
//! | `called_ae` | acceptor | likewise |
//! | `sop_class` | requestor | each SOP class it proposes to use, at most [`MOST_CLASSES`] |
//! | `sop_class` | acceptor | each of those that it accepts |
//! | `sop_class_used` | requestor | the class of the first message, by its context id |
//! | `implementation_uid`, `implementation_version` | each | RQ and AC |
//!
//! A modality proposes its own storage class and little else; an archive, a router or a tool proposes
//! nearly all, and what it then does tells `sop_class_used`.
//!
//! Invariant: nothing is read behind the association but the twelve bytes of the first P-DATA's
//! header. Data sets, which name patients, are never looked at.

mod pdu;
#[cfg(test)]
mod tests;

use sekisho_decode::DecodeError;

use crate::settle::refuse;
use crate::{Found, Key, Look, Over, Protocol, STREAM_BUDGET, Side, Sight, Sink, Start};
use pdu::Association;

/// How many SOP classes are noted for a side. A tool that proposes every storage class has about that many.
const MOST_CLASSES: usize = 64;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dicom",
    tunnel: false,
    over: &[Over::Tcp],
    // IANA acr-nema and dicom, and 4242, which many archives come with.
    ports: &[104, 11_112, 4242],
    start: Start::between(1, 7),
    look,
};

/// Memo: an association was seen.
const ASSOCIATED: u32 = 1;
/// Memo: the requestor is the conn's resp, so the first packet was missed.
const TURNED: u32 = 1 << 1;
/// Memo: the AE titles are noted.
const TITLED: u32 = 1 << 2;
/// Memo: the request's items are noted.
const PROPOSED: u32 = 1 << 3;
/// Memo: the answer's items are noted.
const ANSWERED: u32 = 1 << 4;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo & ASSOCIATED != 0 {
        return follow(sight, memo, sink);
    }
    let Some(kind) = sight.data.first().copied() else {
        return Look::More;
    };
    let requestor = match kind {
        pdu::ASSOCIATE_RQ => sight.sender(),
        pdu::ASSOCIATE_AC => sight.sender().peer(),
        pdu::P_DATA if !sight.from_start => {
            return match pdu::is_data(sight.data) {
                Ok(true) => Look::Is(Found::new(60)),
                Ok(false) => Look::No,
                Err(error) => refuse(sight, error),
            };
        }
        // Ten bytes, in a segment of their own.
        _ if pdu::is_closing(sight.data) => return Look::Is(Found::new(60)),
        _ => return Look::No,
    };
    if let Err(error) = Association::parse(kind, sight.data) {
        return refuse(sight, error);
    }
    *memo = ASSOCIATED | if requestor == Side::Resp { TURNED } else { 0 };
    follow(sight, memo, sink)
}

/// Reads on in a conn that is DICOM.
fn follow(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let requestor = if *memo & TURNED == 0 { Side::Orig } else { Side::Resp };
    let found = Found::served_by(98, requestor.peer());
    let is_done = if sight.sender() == requestor {
        read_request(sight, requestor, memo, sink)
    } else {
        read_answer(sight, requestor, memo, sink)
    };
    if is_done { Look::Is(found) } else { Look::Reading(found) }
}

/// Reads the requestor's stream; true when nothing more is wanted.
fn read_request(sight: &Sight<'_>, requestor: Side, memo: &mut u32, sink: &mut dyn Sink) -> bool {
    let request = match Association::parse(pdu::ASSOCIATE_RQ, sight.data) {
        Ok(request) => request,
        Err(DecodeError::Truncated { .. }) => return false,
        // In a stream picked up in the middle, the rest of a request that came in several segments.
        Err(_) => return *memo & ANSWERED != 0 || pdu::data_context(sight.data).is_ok(),
    };
    note_titles(&request, requestor, memo, sink);
    if !request.is_complete && !is_all(sight) {
        return false;
    }
    if *memo & PROPOSED == 0 {
        *memo |= PROPOSED;
        for class in request.classes().take(MOST_CLASSES) {
            sink.note(requestor, Key::SopClass, class);
        }
        note_implementation(&request, requestor, sink);
    }
    let Ok(id) = request.first_use() else {
        return false;
    };
    if let Some(class) = id.and_then(|id| request.class_of(id)) {
        sink.note(requestor, Key::SopClassUsed, class);
    }
    // Of a request longer than what is kept, the answer may still be read.
    request.is_complete
}

/// Reads the acceptor's stream; true when nothing more is wanted.
fn read_answer(sight: &Sight<'_>, requestor: Side, memo: &mut u32, sink: &mut dyn Sink) -> bool {
    if *memo & ANSWERED != 0 {
        return false;
    }
    let answer = match Association::parse(pdu::ASSOCIATE_AC, sight.data) {
        Ok(answer) => answer,
        Err(DecodeError::Truncated { .. }) => return false,
        // Refused or aborted.
        Err(_) => return true,
    };
    if !answer.is_complete && !is_all(sight) {
        return false;
    }
    *memo |= ANSWERED;
    note_titles(&answer, requestor, memo, sink);
    if let Ok(request) = Association::parse(pdu::ASSOCIATE_RQ, sight.other) {
        for class in answer.accepted(&request).take(MOST_CLASSES) {
            sink.note(requestor.peer(), Key::SopClass, class);
        }
    }
    note_implementation(&answer, requestor.peer(), sink);
    false
}

fn note_titles(association: &Association<'_>, requestor: Side, memo: &mut u32, sink: &mut dyn Sink) {
    if *memo & TITLED != 0 {
        return;
    }
    *memo |= TITLED;
    if let Some(title) = association.calling_ae {
        sink.note(requestor, Key::CallingAe, title);
    }
    if let Some(title) = association.called_ae {
        sink.note(requestor.peer(), Key::CalledAe, title);
    }
}

fn note_implementation(association: &Association<'_>, side: Side, sink: &mut dyn Sink) {
    if let Some(uid) = association.implementation_uid() {
        sink.note(side, Key::ImplementationUid, uid);
    }
    if let Some(version) = association.implementation_version() {
        sink.note(side, Key::ImplementationVersion, version);
    }
}

/// Whether no more of the stream `data` is from will be shown together with it.
const fn is_all(sight: &Sight<'_>) -> bool {
    !sight.from_start || sight.data.len() >= STREAM_BUDGET
}
