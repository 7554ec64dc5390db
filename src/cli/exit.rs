//! How a command ends: 0 done, 1 failed, 2 wrong use or bad input, 130 interrupted.

use std::process::ExitCode;

/// Result of a command.
pub(super) type Outcome = anyhow::Result<()>;

/// The person's input is at fault, not the program or the machine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);

/// Ctrl+C or a termination signal, with everything saved.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; everything so far is saved")]
pub(super) struct Interrupted;

/// An error that ends with code 2.
pub(super) fn bad_input(sentence: impl std::fmt::Display) -> anyhow::Error {
    BadInput(sentence.to_string()).into()
}

/// Prints the failure, if it is one, and gives the code.
pub(super) fn code(outcome: Outcome) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    tracing::error!("{}", sentence(&error));
    if error.is::<Interrupted>() {
        ExitCode::from(130)
    } else if error.is::<BadInput>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// The error with its causes, none said twice.
fn sentence(error: &anyhow::Error) -> String {
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
