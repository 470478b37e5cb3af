//! `docker build`: images come about as the Dockerfile says, from folders, addresses and repositories, and nothing else is left.
//!
//! Each sub-subtest builds one or more images from the contexts that come with it, and looks at all that a build promises:
//! the exit status; the steps that are announced, which are those of the Dockerfile; what the instructions print, line by
//! line; the id and the name that are told in the end; the image behind that name, new and with the history, the
//! configuration and the files that the instructions make; and how many containers and images the engine has more
//! than before. Files are read through the engine's API from a container that is never started.
//!
//! * `local_path`, `https_file`, `git_path`: the same Dockerfile from a folder, from an address, from a repository. Web
//!   server and repository are local and serve the client and the daemon alike.
//! * `rm_false`: with `--rm=false`, the container of each instruction is kept.
//! * `cache`: the second build takes from the cache what the first one made, and runs only the rest. A third one with
//!   `--no-cache` takes nothing.
//! * `bad`, `bad_quiet`, `bad_force_rm`: an instruction fails. The build ends there with its status, there is no image of that
//!   name, and of the containers only the failed one stays, or none with `--force-rm`.
//! * `dockerignore`: what `.dockerignore` lists is in no copy, all else is.
//! * `expose`, `jsonvol`, `addurl`, `onbuild`: single instructions and what comes of them, also in a container that is run.
//! * `basic`: an image from nothing: a tree of folders and device nodes in archives, and a static busybox.
//!
//! **Builders.** Which one builds is seen by its output, not by its version. *Classic* prints to standard output, commits a
//! container for each instruction, and leaves a nameless image when an instruction fails. *BuildKit* prints to standard
//! error, has no containers, and leaves nothing when it fails; there `rm_false` does not apply. A newer client without its
//! plug-in `buildx` builds classic and says on standard error that this is deprecated. `docker_buildkit` chooses one. *Podman*
//! announces steps as docker does and has no containers that its engine lists; `rm_false` does not apply there either,
//! and what it leaves of a failed build is not counted; `onbuild` is built with `--format=docker`, since the format that
//! podman takes by itself leaves `ONBUILD` out.
//!
//! Needs a shell in the test image. `git_path` needs git on this machine.

mod bad;
mod basic;
mod checks;
mod content;
mod order;
mod sources;
mod transcript;

use std::time::Duration;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

use transcript::Builder;

/// Shorter limits are a mistake: then nothing would be built but on an idle machine.
const LEAST_TIMEOUT: Duration = Duration::from_secs(10);

/// The options of the section `[docker_cli/build]`.
#[derive(Debug, Clone, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    docker_build_options: Vec<String>,
    #[serde(with = "types::seconds")]
    build_timeout_seconds: Duration,
    image_name_prefix: String,
    image_name_postfix: String,
    busybox_url: String,
    #[serde(with = "types::list")]
    source_files: Vec<String>,
    dockerfile_dir_path: String,
    #[serde(with = "types::flag")]
    use_config_repo: bool,
    minus_eff: String,
    #[serde(with = "types::flag")]
    enable_nonprintables_check: bool,
    postproc_cmd_csv: String,
    docker_buildkit: String,
}

/// What the sub-subtests have in common.
#[derive(Default)]
struct Build {
    builder: Builder,
}

impl Subtest for Build {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        if options.build_timeout_seconds < LEAST_TIMEOUT {
            let seconds = options.build_timeout_seconds.as_secs_f64();
            return Err(std::io::Error::other(format!(
                "`build_timeout_seconds` is {seconds}, but must be at least {}",
                LEAST_TIMEOUT.as_secs()
            ))
            .into());
        }
        self.builder = order::find_builder(ctx, &options)?;
        ctx.info(format!("images are built by {:?}", self.builder));
        Ok(())
    }
}

dockertest::subtest!(
    Build,
    "`docker build`: images come about as the Dockerfile says, and nothing else is left.",
    sequential {
        local_path: sources::LocalPath,
        https_file: sources::HttpsFile,
        git_path: sources::GitPath,
        rm_false: sources::RmFalse,
        cache: sources::Cache,
        bad: bad::Bad<false, false>,
        bad_quiet: bad::Bad<true, false>,
        bad_force_rm: bad::Bad<false, true>,
        dockerignore: content::DockerIgnore,
        expose: content::Expose,
        addurl: content::AddUrl,
        jsonvol: content::JsonVol,
        onbuild: content::OnBuild,
        basic: basic::Basic,
    }
);
