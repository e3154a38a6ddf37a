use std::sync::{Arc, Mutex};

use foundation::{Clock, Mode};
use kolsai_egress::{Config, Egress, MailSink, RegisterError, Transfer, TransferRegister};

/// A register that remembers, or cannot be written.
#[derive(Default)]
pub struct Register {
    pub entries: Mutex<Vec<Transfer>>,
    pub broken: bool,
}

#[async_trait::async_trait]
impl TransferRegister for Register {
    async fn record(&self, transfer: Transfer) -> Result<(), RegisterError> {
        if self.broken {
            return Err(RegisterError("no room".into()));
        }
        let mut entries = self.entries.lock().unwrap();
        if !entries.iter().any(|entry| entry.id == transfer.id) {
            entries.push(transfer);
        }
        Ok(())
    }
}

impl Register {
    pub fn all(&self) -> Vec<Transfer> {
        self.entries.lock().unwrap().clone()
    }
}

pub fn development(mail: &str) -> Config {
    Config::new(Mode::Development, mail.parse::<MailSink>().unwrap())
}

pub fn egress(config: Config, register: &Arc<Register>) -> Egress {
    Egress::try_new(config, register.clone(), Clock::system(Mode::Development)).unwrap()
}
