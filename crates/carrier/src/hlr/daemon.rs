//! Debian's osmo-hlr as a child process, in a folder and on a loopback address of its own.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// GSUP's port, which osmo-hlr cannot change; the control interface's and the terminal's default ports.
const PORTS: [u16; 3] = [4222, CTRL, 4258];

/// The control interface's port.
const CTRL: u16 = 4259;

/// How long the HLR may take to start.
const START: Duration = Duration::from_secs(20);

/// A running osmo-hlr; it is stopped when this is dropped.
pub struct Daemon {
    child: Child,
    address: Ipv4Addr,
}

/// Why no HLR runs.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Debian's package is missing.
    #[error("osmo-hlr cannot be started ({0}); on Debian, `apt-get install osmo-hlr` installs it")]
    Missing(io::Error),
    /// Its folder cannot be written.
    #[error("osmo-hlr's folder cannot be written: {0}")]
    Folder(io::Error),
    /// It does not answer.
    #[error("osmo-hlr does not answer on {0}; its log lies in its folder")]
    Silent(SocketAddr),
}

impl Daemon {
    /// Starts osmo-hlr on `address`, with its database and its log in `folder`, and waits until it answers.
    pub fn start(address: Ipv4Addr, folder: &Path) -> Result<Self, DaemonError> {
        let (config, database) = (folder.join("hlr.cfg"), folder.join("hlr.db"));
        fs::write(&config, configuration(address)).map_err(DaemonError::Folder)?;
        let log = fs::File::create(folder.join("hlr.log")).map_err(DaemonError::Folder)?;
        let mut command = Command::new("osmo-hlr");
        command.arg("-c").arg(&config).arg("-l").arg(&database);
        let log_too = log.try_clone().map_err(DaemonError::Folder)?;
        command.stdin(Stdio::null()).stdout(log).stderr(log_too);
        let child = command.spawn().map_err(DaemonError::Missing)?;
        let daemon = Self { child, address };
        daemon.wait()?;
        Ok(daemon)
    }

    /// The control interface's address.
    pub fn ctrl(&self) -> SocketAddr {
        (self.address, CTRL).into()
    }

    fn wait(&self) -> Result<(), DaemonError> {
        let until = Instant::now() + START;
        while TcpStream::connect(self.ctrl()).is_err() {
            if Instant::now() > until {
                return Err(DaemonError::Silent(self.ctrl()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A loopback address on which all of the HLR's ports are free; different for different processes, and for every call.
pub fn free_address() -> Option<Ipv4Addr> {
    static CALLS: AtomicU32 = AtomicU32::new(1);
    let process = std::process::id().wrapping_mul(256);
    (0..200).find_map(|_| {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let [_, a, b, c] = process.wrapping_add(call).to_be_bytes();
        let address = Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254));
        PORTS.iter().all(|port| TcpListener::bind((address, *port)).is_ok()).then_some(address)
    })
}

fn configuration(address: Ipv4Addr) -> String {
    format!("line vty\n bind {address} 4258\nctrl\n bind {address}\nhlr\n gsup\n  bind ip {address}\n")
}
