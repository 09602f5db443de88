//! `getFullComputerInformation` and its older name `getComputerInformation`.

use std::sync::Arc;

use axum::{http::header, response::Response};
use bytes::Bytes;

use crate::{
    domain::identifier::ComputerReference, front::record::Beginning, master::ComputerReader,
};

use super::{
    Call,
    answer::{self, MaxAge},
    cache::FullPage,
    error::{Answered, CallKind, SlapError},
    render,
};

/// `GET /getFullComputerInformation`: everything that a computer is told. The hot path: one
/// look-up in memory and no rendering as long as nothing changed.
///
/// Marks the computer as seen, in memory, unless somebody else asks. Who is an instance is told
/// its own partition alone. No right on the computer: 401 (10.3). Unknown computer: 404 (C.66); the client then asks by
/// the older name. Source: `slap.md` 5.1.
pub(super) async fn full_computer_information(call: &Call) -> Result<Response, SlapError> {
    let name = call.form.required("computer_id")?;
    let reader = call
        .master
        .computer_reader(&call.calling.of_itself(), name)
        .await
        .answered(CallKind::ComputerRead, &call.master)?;
    let is_kept = match reader {
        ComputerReader::Itself | ComputerReader::Onlooker => true,
        ComputerReader::Inhabitant { .. } => false,
    };
    if is_kept
        && let Some(page) = call.state.full(name, call.master.revision(name))
        && seen(call, reader, &page.computer)
    {
        return Ok(answer(page));
    }
    let computer = call.form.computer("computer_id")?;
    let revision = call.master.revision(name);
    let view = call
        .master
        .computer_information(reader, &computer)
        .await
        .answered(CallKind::ComputerRead, &call.master)?;
    let body = Bytes::from(render::computer(&view, call.style()));
    let page = FullPage {
        computer: Arc::new(computer),
        etag: answer::etag(&body),
        beginning: Beginning::of(&body),
        body,
    };
    if is_kept {
        call.state.keep_full(revision, page.clone());
    }
    seen(call, reader, &page.computer);
    Ok(answer(page))
}

/// Marks the computer as seen, if it is the computer who asks (`semantics.md` 10.5). False if the
/// master does not know it any more.
fn seen(call: &Call, reader: ComputerReader, computer: &ComputerReference) -> bool {
    match reader {
        ComputerReader::Itself => call.master.note_contact(computer),
        ComputerReader::Onlooker | ComputerReader::Inhabitant { .. } => true,
    }
}

fn answer(page: FullPage) -> Response {
    let mut response =
        answer::cacheable_xml(page.body, MaxAge::OneSecond, (header::ETAG, page.etag));
    response.extensions_mut().insert(page.beginning);
    response
}
