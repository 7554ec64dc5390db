//! How a command ends: 0 done, 1 failed, 2 wrong use or bad input, 130 interrupted.

use std::process::ExitCode;

use crate::{
    jobs::{NoStart, NothingToSearch},
    model::device::DeviceError,
    run::RunError,
    train::{TrainError, checkpoint::CheckpointError},
};

/// Result of a command.
pub(super) type Outcome = anyhow::Result<()>;

/// The person's input is at fault, not the program or the machine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);

/// Ctrl+C or a termination signal; the words say what is left of the work.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {0}")]
pub(super) struct Interrupted(String);

/// A process that did the work ended with this code, and has said why.
#[derive(Debug, thiserror::Error)]
#[error("ended with code {0}")]
struct AlreadySaid(u8);

/// An error that ends with `code` and without a word.
pub(super) fn already_said(code: u8) -> anyhow::Error {
    AlreadySaid(code).into()
}

/// An error that ends with code 130.
pub(super) fn interrupted(left: impl Into<String>) -> anyhow::Error {
    Interrupted(left.into()).into()
}

/// An error that ends with code 2.
pub(super) fn bad_input(sentence: impl std::fmt::Display) -> anyhow::Error {
    BadInput(sentence.to_string()).into()
}

/// Whether the person's input is at fault: files that are absent or wrong, contradictory keys, a run that is there already.
fn is_input_at_fault(error: &anyhow::Error) -> bool {
    let train = error.downcast_ref::<TrainError>().is_some_and(|error| {
        use TrainError::{
            BrokenVideos, Checkpoint, Config, Eval, Format, NoItems, NoVideo, OtherConfig, OtherData, Precision,
            RawDiffers, RawMissing, Unmeasured,
        };
        let of_data = matches!(error, RawDiffers { .. } | RawMissing { .. } | BrokenVideos { .. } | NoItems { .. });
        let of_run = matches!(error, OtherConfig { .. } | OtherData { .. } | Precision { .. });
        // A full disk is the machine's fault.
        let of_files = matches!(error, Checkpoint(error) if !matches!(error, CheckpointError::Write { .. }));
        of_data || of_run || of_files || matches!(error, Config(_) | Eval(_) | Format(_) | NoVideo | Unmeasured { .. })
    });
    let run = error
        .downcast_ref::<RunError>()
        .is_some_and(|error| !matches!(error, RunError::Io { .. } | RunError::Gone { .. }));
    train
        || run
        || error.is::<BadInput>()
        || error.is::<NothingToSearch>()
        || error.is::<NoStart>()
        || error.downcast_ref::<CheckpointError>().is_some_and(|error| !matches!(error, CheckpointError::Write { .. }))
        || error.is::<DeviceError>()
}

/// Prints the failure, if it is one, and gives the code.
pub(super) fn code(outcome: Outcome) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if let Some(AlreadySaid(code)) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    tracing::error!("{}", sentence(&error));
    if error.is::<Interrupted>() {
        ExitCode::from(130)
    } else if is_input_at_fault(&error) {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// The error with its causes, none said twice.
pub(super) fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            cause
        } else if said.contains(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}
