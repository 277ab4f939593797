//! From a job's report to what the ledger lists and what the caller is answered.

use time::OffsetDateTime;

use super::{ServiceError, answer_size::within_limit};
use crate::{
    MimeType, SandboxId,
    contract::{ExecResponse, ExecuteResponse, FileLink, Source},
    entry::Executed,
    interpreter::Work,
    layout,
    limits::{self, LINK_LIFETIME, prefix},
    manifest::{Epoch, Manifest},
    report::{GeneratedFile, ProcessEnd, Report},
    store::{ObjectStore, Presentation, StoreError},
};

/// What stands before the `repr` of an exception.
const ERROR_PREFIX: &str = "executing Python code: ";

/// An interpreter says nothing about who owns a sandbox and which life it is in.
pub(super) fn keep_identity(manifest: &mut Manifest, parent: &Manifest) {
    manifest.org = parent.org.clone();
    manifest.member = parent.member.clone();
    manifest.status = parent.status;
    manifest.started_at = parent.started_at;
    manifest.released_at = parent.released_at;
    manifest.marked_at = parent.marked_at;
    manifest.epoch = parent.epoch;
    manifest.earlier.clone_from(&parent.earlier);
    manifest.started_by = parent.started_by;
    manifest.variables_at = parent.variables_at;
}

/// The execution as it is listed.
pub(super) fn executed(work: &Work, source: Source, report: &Report) -> Executed {
    let output_preview = match &report.process {
        Some(ProcessEnd { stdout, stderr, .. }) => {
            let written = [stdout, stderr].into_iter().filter(|text| !text.is_empty());
            preview(written.map(|text| text.strip_suffix('\n').unwrap_or(text)))
        }
        None => preview(report.output.iter().map(String::as_str)),
    };
    let error = report.failure.as_ref().map(|failure| match work {
        Work::Cell { .. } => format!("{ERROR_PREFIX}{}", failure.error),
        Work::Command(_) => failure.error.clone(),
    });
    Executed {
        kind: work.kind().as_str().into(),
        command: matches!(work, Work::Command(_)),
        source: source.as_str().into(),
        input: work.text().to_owned(),
        output_preview,
        error: error.unwrap_or_default(),
        duration_ms: report.duration_ms,
        files: report.files.clone(),
    }
}

/// The start of the output, one element a line.
fn preview<'a>(output: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (n, element) in output.enumerate() {
        if n > 0 {
            text.push('\n');
        }
        text.push_str(prefix(element, limits::MAX_PREVIEW_BYTES + 1));
        if text.len() > limits::MAX_PREVIEW_BYTES {
            let kept = prefix(&text, limits::MAX_PREVIEW_BYTES - limits::TRUNCATED.len());
            return format!("{kept}{}", limits::TRUNCATED);
        }
    }
    text
}

/// The answer, with fresh links.
pub(super) async fn response(
    store: &dyn ObjectStore,
    id: &SandboxId,
    epoch: Epoch,
    report: Report,
    now: OffsetDateTime,
) -> Result<ExecuteResponse, ServiceError> {
    let files = links(store, id, epoch, report.files, now).await?;
    let failed = report.failure.is_some();
    let (output, partial_output) = if failed { (None, Some(report.output)) } else { (Some(report.output), None) };
    let (error, traceback) = match report.failure {
        Some(failure) => (Some(format!("{ERROR_PREFIX}{}", failure.error)), Some(failure.traceback)),
        None => (None, None),
    };
    Ok(within_limit(ExecuteResponse {
        output,
        error,
        traceback,
        partial_output,
        execution_time_ms: report.duration_ms,
        files,
        files_skipped: report.files_skipped,
        dataframes: report.dataframes,
        state: report.state,
    }))
}

/// The answer to a command.
pub(super) fn exec_response(report: Report) -> ExecResponse {
    let error = report.failure.map(|failure| failure.error).unwrap_or_default();
    let unknown = ProcessEnd { exit_code: -1, ..ProcessEnd::default() };
    let ProcessEnd { stdout, stderr, exit_code } = report.process.unwrap_or(unknown);
    ExecResponse { stdout, stderr, exit_code, error }
}

/// Fresh links to files of one life of a sandbox.
pub(super) async fn links(
    store: &dyn ObjectStore,
    id: &SandboxId,
    epoch: Epoch,
    files: Vec<GeneratedFile>,
    now: OffsetDateTime,
) -> Result<Vec<FileLink>, StoreError> {
    let mut links = Vec::with_capacity(files.len());
    for file in files {
        links.push(link(store, id, epoch, file, now).await?);
    }
    Ok(links)
}

/// The file with a presigned URL.
pub(super) async fn link(
    store: &dyn ObjectStore,
    id: &SandboxId,
    epoch: Epoch,
    file: GeneratedFile,
    now: OffsetDateTime,
) -> Result<FileLink, StoreError> {
    let how = Presentation {
        file_name: file.name.file_name().to_owned(),
        inline: shown_inline(&file.mime_type),
        mime_type: file.mime_type.to_string(),
        valid_for: LINK_LIFETIME,
    };
    let url = store.presign_get(&layout::file(id, epoch, file.hash), &how).await?;
    let (mime_type, size_bytes) = (file.mime_type, file.size);
    Ok(FileLink { name: file.name, url, mime_type, size_bytes, expires_at: now + LINK_LIFETIME })
}

/// Images, text, CSV and PDF are shown; whatever a browser could run is saved instead.
fn shown_inline(mime_type: &MimeType) -> bool {
    let mime_type = mime_type.as_str();
    let image = mime_type.starts_with("image/") && mime_type != "image/svg+xml";
    image || matches!(mime_type, "text/plain" | "text/csv" | "text/markdown" | "application/pdf" | "application/json")
}
