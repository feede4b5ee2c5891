//! Real parts from Debian that tests and campaigns start.

use std::process::{Command, Stdio};

/// A real part, and its Debian package.
pub(crate) struct Part {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

impl Part {
    /// Whether it is there, if need be after it was installed.
    pub(crate) fn is_provided(&self) -> bool {
        is_there(self.program) || self.install()
    }

    /// Installs it with apt-get, as root or with sudo where it asks for no password; says so.
    fn install(&self) -> bool {
        if !is_there("apt-get") {
            return false;
        }
        eprintln!("{} is missing; installing Debian's package {} with apt-get", self.program, self.package);
        let script = format!(
            "as_root() {{ if [ \"$(id -u)\" = 0 ]; then \"$@\"; else sudo -n \"$@\"; fi; }}
             as_root apt-get -qq update; as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {}",
            self.package
        );
        let installed = Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).status();
        installed.is_ok_and(|status| status.success()) && is_there(self.program)
    }
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
