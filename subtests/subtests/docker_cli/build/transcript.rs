//! What a build prints, for each of the builders that there are.

use dockertest::prelude::*;

/// Who builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Builder {
    /// The one that commits a container for each instruction.
    #[default]
    Classic,
    /// The one of BuildKit, which has no containers that the engine knows.
    BuildKit,
    /// That of podman.
    Podman,
}

/// The notice of newer clients that the classic builder will be gone one day.
const NOTICE: [&str; 4] = [
    "DEPRECATED: The legacy builder",
    "Install the buildx component",
    "https://docs.docker.com/go/buildx/",
    "BuildKit is currently disabled",
];

/// What a build that was not quiet printed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Transcript {
    /// The instructions as they are announced, each as `1/3 FROM x`.
    pub(super) steps: Vec<String>,
    /// The lines that the instructions printed.
    pub(super) printed: Vec<String>,
    /// How many instructions were taken from the cache.
    pub(super) cached: usize,
    /// The ids of the containers that are announced.
    pub(super) containers: Vec<String>,
    /// The ids of the images that are announced on the way.
    pub(super) images: Vec<String>,
    /// The id of the image that it says to have built.
    pub(super) built: Option<String>,
    /// The names that it says to have given.
    pub(super) tagged: Vec<String>,
}

impl Builder {
    /// Who printed this; nothing if no builder prints such.
    pub(super) fn of(seen: &Completed) -> Option<Builder> {
        let (stdout, stderr) = (seen.stdout_text(), seen.stderr_text());
        let is_line = |text: &str, begin: &str| text.lines().any(|line| line.starts_with(begin));
        if is_line(&stdout, "Step 1/") {
            Some(Builder::Classic)
        } else if is_line(&stdout, "STEP 1") {
            Some(Builder::Podman)
        } else if is_line(&stderr, "#1 ") {
            Some(Builder::BuildKit)
        } else {
            None
        }
    }

    /// Reads what a build printed where this builder prints it.
    pub(super) fn read(self, seen: &Completed) -> Transcript {
        match self {
            Builder::Classic => classic(&lines(&seen.stdout_text())),
            Builder::Podman => podman(&lines(&seen.stdout_text())),
            Builder::BuildKit => buildkit(&lines(&seen.stderr_text())),
        }
    }

    /// The lines on standard error beside what this builder has to say there about its progress.
    pub(super) fn complaints(self, seen: &Completed) -> Vec<String> {
        let is_notice = |line: &String| line.trim().is_empty() || NOTICE.iter().any(|notice| line.contains(notice));
        let is_progress = |line: &String| self == Builder::BuildKit && line.starts_with('#');
        seen.said().into_iter().filter(|line| !is_notice(line) && !is_progress(line)).collect()
    }
}

/// Lines as a terminal would show them: what comes before a carriage return is overwritten.
fn lines(text: &str) -> Vec<String> {
    let shown = |line: &str| line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default().to_owned();
    text.lines().map(shown).collect()
}

fn classic(lines: &[String]) -> Transcript {
    let mut seen = Transcript::default();
    for line in lines {
        if let Some(step) = line.strip_prefix("Step ") {
            seen.steps.push(step.replacen(" : ", " ", 1));
        } else if let Some(id) = line.strip_prefix(" ---> Running in ") {
            seen.containers.push(id.to_owned());
        } else if line == " ---> Using cache" {
            seen.cached += 1;
        } else if line.starts_with(" ---> Removed intermediate container ") {
            // As the builder says it from version 23 on.
        } else if let Some(id) = line.strip_prefix(" ---> ") {
            seen.images.push(id.to_owned());
        } else if let Some(id) = line.strip_prefix("Successfully built ") {
            seen.built = Some(id.to_owned());
        } else if let Some(name) = line.strip_prefix("Successfully tagged ") {
            seen.tagged.push(name.to_owned());
        } else if !is_chatter(line) {
            seen.printed.push(line.clone());
        }
    }
    seen
}

fn is_chatter(line: &str) -> bool {
    let begins =
        ["Sending build context to Docker daemon", "Removing intermediate container ", "# Executing ", "Downloading "];
    line.is_empty() || begins.iter().any(|begin| line.starts_with(begin))
}

fn podman(lines: &[String]) -> Transcript {
    let mut seen = Transcript::default();
    for line in lines {
        if let Some(step) = line.strip_prefix("STEP ") {
            seen.steps.push(step.replacen(": ", " ", 1));
        } else if let Some(id) = line.strip_prefix("--> Using cache ") {
            seen.cached += 1;
            seen.images.push(id.to_owned());
        } else if let Some(id) = line.strip_prefix("--> ") {
            seen.images.push(id.to_owned());
        } else if let Some(name) = line.strip_prefix("Successfully tagged ") {
            seen.tagged.push(name.to_owned());
        } else if line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            seen.built = Some(line.clone());
        } else if !line.is_empty() && !line.starts_with("COMMIT ") {
            seen.printed.push(line.clone());
        }
    }
    seen
}

fn buildkit(lines: &[String]) -> Transcript {
    let mut seen = Transcript::default();
    // What fetches the context and the first image has numbers, too, and git has much to say.
    let mut instructions = Vec::new();
    for line in lines {
        let Some((number, said)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else { continue };
        if said == "CACHED" {
            seen.cached += usize::from(instructions.contains(&number));
        } else if let Some(step) = said.strip_prefix('[').and_then(|step| step.split_once("] ")) {
            // `[2/4] RUN x`, and with several stages `[stage-1 2/4] RUN x`; `[internal]` is no instruction.
            let place = step.0.rsplit(' ').next().unwrap_or_default();
            let is_from = step.1.starts_with("FROM ");
            let step = format!("{place} {}", step.1);
            if place.contains('/') && !seen.steps.contains(&step) {
                seen.steps.push(step);
                instructions.extend((!is_from).then_some(number));
            }
        } else if let Some(id) = said.strip_prefix("writing image ") {
            seen.built = id.split(' ').next().map(|id| id.trim_start_matches("sha256:").to_owned());
        } else if let Some(name) = said.strip_prefix("naming to ") {
            seen.tagged.extend(name.split(' ').next().map(str::to_owned));
        } else if let Some((time, printed)) = said.split_once(' ')
            && time.contains('.')
            && time.parse::<f64>().is_ok()
            && instructions.contains(&number)
        {
            seen.printed.push(printed.to_owned());
        }
    }
    seen.tagged.dedup();
    seen
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn of(stdout: &str, stderr: &str) -> (Option<Builder>, Transcript, Vec<String>) {
        let seen = Completed::new("docker build .", 0, stdout, stderr);
        let builder = Builder::of(&seen);
        let who = builder.unwrap_or_default();
        (builder, who.read(&seen), who.complaints(&seen))
    }

    #[rstest]
    #[case::until_20_10("Removing intermediate container")]
    #[case::since(" ---> Removed intermediate container")]
    fn the_classic_builder_is_understood(#[case] removed: &str) {
        let stdout = "Sending build context to Docker daemon  2.048kB\r\r\nStep 1/3 : FROM a\n ---> 42ff00dfc855\n\
                      Step 2/3 : ENV A b : c\n ---> Using cache\n ---> 0a0a0a0a0a0a\nStep 3/3 : RUN echo hi\n \
                      ---> Running in 1b1b1b1b1b1b\nhi\nRemoving intermediate container 1b1b1b1b1b1b\n \
                      ---> 2c2c2c2c2c2c\nSuccessfully built 2c2c2c2c2c2c\nSuccessfully tagged x:latest\n";
        let notice = "DEPRECATED: The legacy builder is deprecated and will be removed in a future release.\n            \
                      Install the buildx component to build images with BuildKit:\n            \
                      https://docs.docker.com/go/buildx/\n\n";
        let stdout = stdout.replace("Removing intermediate container", removed);
        let (builder, seen, complaints) = of(&stdout, notice);
        assert_eq!((builder, complaints), (Some(Builder::Classic), Vec::new()));
        assert_eq!(seen.steps, ["1/3 FROM a", "2/3 ENV A b : c", "3/3 RUN echo hi"]);
        assert_eq!((seen.printed, seen.cached), (vec!["hi".to_owned()], 1));
        assert_eq!(seen.containers, ["1b1b1b1b1b1b"]);
        assert_eq!(seen.images, ["42ff00dfc855", "0a0a0a0a0a0a", "2c2c2c2c2c2c"]);
        assert_eq!((seen.built.as_deref(), seen.tagged), (Some("2c2c2c2c2c2c"), vec!["x:latest".to_owned()]));
    }

    #[test]
    fn buildkit_is_understood() {
        let stderr = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#4 [1/2] FROM a\n#4 CACHED\n\n\
                      #5 [2/2] RUN echo hi\n#5 0.240 hi\n#5 DONE 0.3s\n\n#6 writing image sha256:2c2c done\n\
                      #6 naming to docker.io/library/x:latest done\n#6 DONE 0.0s\n";
        let (builder, seen, complaints) = of("", stderr);
        assert_eq!((builder, complaints), (Some(Builder::BuildKit), Vec::new()));
        assert_eq!(seen.steps, ["1/2 FROM a", "2/2 RUN echo hi"]);
        assert_eq!((seen.printed, seen.cached), (vec!["hi".to_owned()], 0));
        assert_eq!((seen.built.as_deref(), seen.tagged.len()), (Some("2c2c"), 1));
    }

    #[test]
    fn podman_is_understood() {
        let id = "a".repeat(64);
        let stdout = format!(
            "STEP 1/2: FROM a\nSTEP 2/2: RUN echo hi\nhi\nCOMMIT x\n--> abc\nSuccessfully tagged localhost/x:latest\n{id}\n"
        );
        let (builder, seen, _) = of(&stdout, "");
        assert_eq!(builder, Some(Builder::Podman));
        assert_eq!(seen.steps, ["1/2 FROM a", "2/2 RUN echo hi"]);
        assert_eq!((seen.printed, seen.built), (vec!["hi".to_owned()], Some(id)));
        assert_eq!(of("nothing\n", "").0, None);
    }
}
