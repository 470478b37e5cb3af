//! `docker insert`: a file from an address gets into an image; today by `ADD`, since the command is gone.
//!
//! `docker insert IMAGE URL PATH` made a new image with a file that the engine fetched. It went away in 2014. Where it is still
//! there it is tested as it was. Elsewhere it must be refused, must change nothing, and what came in its place is tested:
//! a Dockerfile of two lines (`FROM IMAGE`, `ADD URL PATH`). In both cases the file in the image must be the one at the
//! address: byte for byte by the engine's API, and by its MD5 in a container. The log says which way was taken.
//!
//! The file is served by a local web server, for the client and for the daemon alike, unless `file_url` names another; with
//! less than four characters in that option there is nothing to test (`TEST_NA`).
//!
//! Docker refuses the unknown command with status 1, podman with 125. The added file has the mode 600.

use std::io;
use std::path::PathBuf;
use std::process::Command as Program;

use dockertest::engine::fixtures::FileServer;
use dockertest::prelude::*;
use serde::Deserialize;

use crate::md5sum::md5sum;

/// The word of `file_url` for a file of our own.
const LOCAL: &str = "local";

/// A shorter address is none.
const LEAST_CHARACTERS: usize = 4;

/// The options of the section `[docker_cli/insert]`.
#[derive(Debug, Deserialize)]
struct Options {
    file_url: String,
}

#[derive(Default)]
struct Insert {
    url: String,
    /// What is at the address, in a file of ours.
    file: PathBuf,
    /// Where it is put in the image.
    path: String,
    server: Option<FileServer>,
    image: String,
    built: Option<Completed>,
}

impl Subtest for Insert {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        if options.file_url.chars().count() < LEAST_CHARACTERS {
            return Err(NotApplicable::because("`file_url` is not set").into());
        }
        let folder = ctx.tmp().join("served");
        std::fs::create_dir_all(&folder)?;
        self.file = folder.join("file");
        let unique = ctx.unique_name("file");
        self.path = format!("/tmp/{}", &unique[unique.len() - 8..]);
        if options.file_url == LOCAL {
            // Something that nobody can have from elsewhere, and that no text mode leaves as it is.
            let mut content = unique.into_bytes();
            content.extend((0..=255_u8).cycle().take(100_000));
            std::fs::write(&self.file, content)?;
            let server = ctx.file_server(&folder)?;
            self.url = server.url("file");
            self.server = Some(server);
        } else {
            self.url = options.file_url;
            fetch(&self.url, &self.file)?;
        }
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let image = ctx.image()?;
        let is_there = ctx.docker(["help", "insert"]).run()?.status.success();
        if is_there && ctx.engine().is_some_and(|engine| engine.flavor == "docker") {
            ctx.info("`docker insert` is there and is tested");
            let before: Vec<String> = ctx.api()?.all_images()?.into_iter().map(|image| image.id).collect();
            let seen = ctx.docker(["insert", &image, &self.url, &self.path]).must_pass()?;
            let id = seen.stdout_text().split_whitespace().last().unwrap_or_default().to_owned();
            let whole = ctx.api()?.image(&id)?.and_then(|image| image.id).unwrap_or_default();
            // It is removed with the step, so it must not be somebody else's.
            seen.check(!before.contains(&whole), format!("the image `{id}` that is printed was not there before"))?;
            ctx.own(dockertest::engine::Object::Image(id.clone()));
            self.image = id;
            self.built = Some(seen);
            return Ok(());
        }
        ctx.info("`docker insert` is gone: it must be refused, and `ADD` is tested in its place");
        self.must_be_refused(ctx, &image)?;
        self.image = format!("{}:test", ctx.image_name("insert"));
        let folder = ctx.tmp().join("context");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("Dockerfile"), format!("FROM {image}\nADD {} {}\n", self.url, self.path))?;
        let mut words = vec!["build".to_owned(), "--no-cache".to_owned(), "-t".to_owned(), self.image.clone()];
        words.extend(ctx.labels());
        words.push(folder.display().to_string());
        self.built = Some(ctx.docker(words).must_pass()?);
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        let Some(built) = self.built.clone() else { return Ok(()) };
        if let Some(server) = &self.server {
            let asked = server.requests();
            built.check(asked.iter().any(|asked| asked == "GET /file"), format!("the file is fetched: {asked:?}"))?;
        }
        built.check(ctx.api()?.image(&self.image)?.is_some(), format!("there is an image {}", self.image))?;
        let content = std::fs::read(&self.file)?;
        let container = ctx.container().image(&self.image).command(["/bin/true"]).create()?;
        let Some(copied) = container.file(&self.path)? else {
            return built.check(false, format!("the image has a file {}", self.path));
        };
        built.check(copied == content, format!("{} is the file at {}", self.path, self.url))?;
        let sum = md5sum(&content);
        let mut words: Vec<String> = ["run", "--rm", "--network=none"].map(str::to_owned).to_vec();
        words.extend(ctx.labels());
        words.push(format!("--name={}", ctx.container_name("md5")));
        words.extend([self.image.clone(), "/bin/bash".to_owned(), "-c".to_owned(), format!("md5sum {}", self.path)]);
        let seen = ctx.docker(words).must_pass()?;
        seen.prints(&format!("{sum}  {}\n", self.path))?;
        Ok(())
    }
}

impl Insert {
    /// The unknown command fails, says that it is unknown, and makes nothing.
    fn must_be_refused(&self, ctx: &Context, image: &str) -> Outcome {
        let ids = |ctx: &Context| -> Outcome<Vec<String>> {
            Ok(ctx.api()?.history(image)?.into_iter().map(|layer| layer.id).collect())
        };
        let before = ids(ctx)?;
        let is_podman = ctx.engine().is_some_and(|engine| engine.flavor == "podman");
        let seen = ctx.docker(["insert", image, &self.url, &self.path]).must_fail(if is_podman { 125 } else { 1 })?;
        let said = seen.said().join("\n");
        seen.check(said.contains("insert"), "the message names the unknown command")?;
        seen.check(
            ["unknown", "is not a docker command", "unrecognized"].iter().any(|words| said.contains(words)),
            "the message says that the command is unknown",
        )?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that is unknown")?;
        if let Some(server) = &self.server {
            seen.check(server.requests().is_empty(), "nothing is fetched")?;
        }
        seen.check(ids(ctx)? == before, "the image is as it was")
    }
}

/// Fetches what the user's address has.
fn fetch(url: &str, file: &PathBuf) -> Outcome {
    let programs = [("curl", ["-fsSL", "-o"]), ("wget", ["-q", "-O"])];
    let is_fetched = programs.iter().any(|(program, words)| {
        Program::new(program).args(*words).arg(file).arg(url).status().is_ok_and(|status| status.success())
    });
    if is_fetched {
        return Ok(());
    }
    Err(io::Error::other(format!("neither curl nor wget can fetch `{url}` (option `file_url`)")).into())
}

dockertest::subtest!(Insert, "`docker insert`: a file from an address gets into an image; today by `ADD`.");
