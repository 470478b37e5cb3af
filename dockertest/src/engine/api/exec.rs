//! Commands in a container, and files to and from it.

use std::time::Duration;

use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters as query;
use futures_util::{StreamExt, TryStreamExt};

use crate::engine::api::waits::Logs;
use crate::engine::api::{Api, ApiFailure};

/// What a command in a container did.
///
/// ```
/// use dockertest::engine::Executed;
///
/// fn has_two(done: &Executed) -> bool {
///     done.status == Some(0) && done.output.stdout_text() == "2\n"
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed {
    /// Its exit status.
    pub status: Option<i64>,
    /// What it wrote.
    pub output: Logs,
}

impl Api {
    /// Runs a command in a container that runs, and waits for its end.
    ///
    /// # Errors
    /// When the engine does not do it, or it does not end within the limit.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let done = ctx.api()?.exec(id, &["cat", "/proc/1/status"], Duration::from_secs(10))?;
    /// check!(done.status == Some(0), "`cat` ends with status 0");
    /// # Ok(()) }
    /// ```
    pub fn exec(&self, id: &str, command: &[&str], limit: Duration) -> Result<Executed, ApiFailure> {
        let config = ExecConfig {
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let made = self.ask(format!("POST /containers/{id}/exec"), self.docker.create_exec(id, config))?;
        let output = self.run_within(&format!("POST /exec/{}/start", made.id), limit, async {
            let mut logs = Logs::default();
            let started = self.docker.start_exec(&made.id, None::<StartExecOptions>).await?;
            if let StartExecResults::Attached { mut output, .. } = started {
                while let Some(part) = output.next().await {
                    logs.add(part?);
                }
            }
            Ok(logs)
        })?;
        let seen = self.ask(format!("GET /exec/{}/json", made.id), self.docker.inspect_exec(&made.id))?;
        Ok(Executed { status: seen.exit_code, output })
    }

    /// A file or folder of a container, as a tar archive. Ask after [`wait`](Api::wait) when it has ended.
    ///
    /// # Errors
    /// When the engine does not do it; [missing](ApiFailure::is_missing) when there is no such path.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let archive = ctx.api()?.get_archive(id, "/etc/passwd")?;
    /// # let _ = archive;
    /// # Ok(()) }
    /// ```
    pub fn get_archive(&self, id: &str, path: &str) -> Result<Vec<u8>, ApiFailure> {
        let options = query::DownloadFromContainerOptions { path: path.to_owned() };
        let stream = self.docker.download_from_container(id, Some(options));
        self.ask(format!("GET /containers/{id}/archive?path={path}"), async {
            stream
                .try_fold(Vec::new(), |mut bytes, part| async move {
                    bytes.extend_from_slice(&part);
                    Ok(bytes)
                })
                .await
        })
    }

    /// Unpacks a tar archive into a folder of a container.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str, archive: Vec<u8>) -> Outcome {
    /// ctx.api()?.put_archive(id, "/tmp", archive)?;
    /// # Ok(()) }
    /// ```
    pub fn put_archive(&self, id: &str, folder: &str, archive: Vec<u8>) -> Result<(), ApiFailure> {
        let options = query::UploadToContainerOptions { path: folder.to_owned(), ..Default::default() };
        let body = bollard::body_full(archive.into());
        let request = format!("PUT /containers/{id}/archive?path={folder}");
        self.ask(request, self.docker.upload_to_container(id, Some(options), body))
    }
}
