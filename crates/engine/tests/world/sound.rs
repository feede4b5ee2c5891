//! What must hold whenever a world has come to rest.

use ringback_core::{
    ledger::Account,
    recovery::{TopUp, TopUpState},
};
use ringback_engine::reconcile::reconcile;
use ringback_store::Store;

use super::World;

impl World {
    /// Runs to the end, and checks that the ledger is sound and equals the provider's books (M1-M4).
    pub(crate) fn run_soundly(&mut self) {
        self.run();
        assert_eq!(self.db.wait(self.db.store.verify()), [], "M1-M3");
        self.equals_the_statement();
        self.equals_the_wallet();
        assert_eq!(self.db.balance(Account::Held), 0, "everything is settled");
    }

    /// M4, reference by reference.
    fn equals_the_statement(&self) {
        let ours = self.db.topups();
        let found = reconcile(&ours, &self.provider.statement());
        assert!(found.differences.is_empty() && found.events.is_empty(), "M4: {found:?}");
        let delivered_minor: i64 = ours.iter().map(delivered_minor).sum();
        assert_eq!(delivered_minor, self.provider.debited_minor(), "M4: the top-ups and the books differ");
    }

    /// M4, M5: the wallet lost what was delivered, and has back what the desk paid.
    fn equals_the_wallet(&self) {
        let (spent, back) = (self.provider.debited_minor(), self.desk.paid_minor());
        assert_eq!(self.db.balance(Account::Float), back - spent, "M4: the wallet");
        assert_eq!(self.db.balance(Account::Delivered), spent - back, "M5: refunds");
    }
}

fn delivered_minor(topup: &TopUp) -> i64 {
    if let TopUpState::Delivered(receipt) = topup.state { receipt.debited.minor() } else { 0 }
}
