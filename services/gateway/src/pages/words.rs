//! What the pages say, in the school's three languages.

use http::{HeaderMap, header};

/// The texts of one language.
pub(super) struct Words {
    /// `ru`, `kk` or `en`.
    pub(super) language: &'static str,
    pub(super) policy: &'static str,
    pub(super) confirm_title: &'static str,
    pub(super) confirm_text: &'static str,
    pub(super) confirm_button: &'static str,
    pub(super) confirmed: &'static str,
    pub(super) reset_title: &'static str,
    pub(super) reset_text: &'static str,
    pub(super) new_password: &'static str,
    pub(super) reset_button: &'static str,
    pub(super) password_set: &'static str,
    pub(super) certificate_title: &'static str,
    pub(super) genuine: &'static str,
    pub(super) not_genuine: &'static str,
    pub(super) number: &'static str,
    pub(super) course: &'static str,
    pub(super) issued: &'static str,
    pub(super) signed_as: &'static str,
    pub(super) not_shown: &'static str,
    pub(super) sign_in_title: &'static str,
    pub(super) sign_in_text: &'static str,
    pub(super) email: &'static str,
    pub(super) password: &'static str,
    pub(super) sign_in_button: &'static str,
    pub(super) wrong_credentials: &'static str,
    pub(super) mine_title: &'static str,
    pub(super) order: &'static str,
    pub(super) state: &'static str,
    pub(super) sum: &'static str,
    pub(super) receipt: &'static str,
    pub(super) paid: &'static str,
    pub(super) refund_pending: &'static str,
    pub(super) refunded: &'static str,
    pub(super) not_paid: &'static str,
    pub(super) lessons: &'static str,
    pub(super) tests: &'static str,
    pub(super) works: &'static str,
    pub(super) feedback: &'static str,
    pub(super) none_yet: &'static str,
    pub(super) refused_title: &'static str,
    pub(super) link_invalid: &'static str,
    pub(super) link_expired: &'static str,
    pub(super) link_used: &'static str,
    pub(super) password_length: &'static str,
    pub(super) password_weak: &'static str,
    pub(super) too_many_calls: &'static str,
    pub(super) try_again: &'static str,
}

const RU: Words = Words {
    language: "ru",
    policy: "Политика обработки персональных данных",
    confirm_title: "Подтверждение адреса",
    confirm_text: "Остался один шаг: подтвердите, что этот адрес ваш.",
    confirm_button: "Подтвердить",
    confirmed: "Спасибо, адрес подтверждён. Теперь можно войти.",
    reset_title: "Новый пароль",
    reset_text: "Когда пароль сменится, на всех устройствах нужно будет войти заново.",
    new_password: "Новый пароль",
    reset_button: "Сменить пароль",
    password_set: "Пароль изменён. Войдите с новым паролем.",
    certificate_title: "Проверка сертификата",
    genuine: "Сертификат подлинный.",
    not_genuine: "Подлинного сертификата с таким номером нет: в номере ошибка, или сертификат отозван.",
    number: "Номер",
    course: "Курс",
    issued: "Выдан",
    signed_as: "Имя",
    not_shown: "Такой работы нет, или её больше не показывают.",
    sign_in_title: "Вход",
    sign_in_text: "Войдите, чтобы увидеть. Показав страницу, мы сразу завершаем вход: в браузере ничего не остаётся.",
    email: "Электронная почта",
    password: "Пароль",
    sign_in_button: "Показать",
    wrong_credentials: "Адрес или пароль неверны.",
    mine_title: "Для вас",
    order: "Заказ",
    state: "Состояние",
    sum: "Сумма",
    receipt: "Номер чека",
    paid: "оплачен",
    refund_pending: "деньги возвращаются",
    refunded: "деньги возвращены",
    not_paid: "не оплачен",
    lessons: "Пройдено уроков",
    tests: "Сдано тестов",
    works: "Разобрано работ",
    feedback: "Ответ преподавателя",
    none_yet: "Пока ничего нет.",
    refused_title: "Не получилось",
    link_invalid: "Ссылка недействительна. Запросите новую.",
    link_expired: "Срок действия ссылки истёк. Запросите новую.",
    link_used: "По этой ссылке уже переходили. Запросите новую.",
    password_length: "Пароль слишком короткий или слишком длинный. Откройте ссылку ещё раз и выберите другой.",
    password_weak: "Такой пароль легко угадать. Откройте ссылку ещё раз и выберите другой.",
    too_many_calls: "Слишком много попыток. Подождите немного и попробуйте снова.",
    try_again: "Сейчас это не удалось. Попробуйте снова чуть позже.",
};

const KK: Words = Words {
    language: "kk",
    policy: "Дербес деректерді өңдеу саясаты",
    confirm_title: "Мекенжайды растау",
    confirm_text: "Бір қадам қалды: бұл мекенжай сіздікі екенін растаңыз.",
    confirm_button: "Растау",
    confirmed: "Рақмет, мекенжай расталды. Енді кіре аласыз.",
    reset_title: "Жаңа құпиясөз",
    reset_text: "Құпиясөз ауысқан соң барлық құрылғыда қайта кіру керек болады.",
    new_password: "Жаңа құпиясөз",
    reset_button: "Құпиясөзді ауыстыру",
    password_set: "Құпиясөз ауысты. Жаңа құпиясөзбен кіріңіз.",
    certificate_title: "Сертификатты тексеру",
    genuine: "Сертификат түпнұсқа.",
    not_genuine: "Мұндай нөмірлі түпнұсқа сертификат жоқ: нөмір қате терілген немесе сертификат қайтарып алынған.",
    number: "Нөмірі",
    course: "Курс",
    issued: "Берілген күні",
    signed_as: "Есімі",
    not_shown: "Мұндай жұмыс жоқ немесе ол енді көрсетілмейді.",
    sign_in_title: "Кіру",
    sign_in_text: "Көру үшін кіріңіз. Бетті көрсеткен соң бірден шығарамыз: браузерде ештеңе қалмайды.",
    email: "Электрондық пошта",
    password: "Құпиясөз",
    sign_in_button: "Көрсету",
    wrong_credentials: "Мекенжай немесе құпиясөз қате.",
    mine_title: "Сіз үшін",
    order: "Тапсырыс",
    state: "Күйі",
    sum: "Сомасы",
    receipt: "Чек нөмірі",
    paid: "төленген",
    refund_pending: "ақша қайтарылып жатыр",
    refunded: "ақша қайтарылды",
    not_paid: "төленбеген",
    lessons: "Өткен сабақтар",
    tests: "Тапсырылған тесттер",
    works: "Талданған жұмыстар",
    feedback: "Оқытушының жауабы",
    none_yet: "Әзірге ештеңе жоқ.",
    refused_title: "Болмады",
    link_invalid: "Сілтеме жарамсыз. Жаңасын сұраңыз.",
    link_expired: "Сілтеменің мерзімі өтті. Жаңасын сұраңыз.",
    link_used: "Бұл сілтеме бұрын қолданылған. Жаңасын сұраңыз.",
    password_length: "Құпиясөз тым қысқа немесе тым ұзын. Сілтемені қайта ашып, басқасын таңдаңыз.",
    password_weak: "Мұндай құпиясөзді табу оңай. Сілтемені қайта ашып, басқасын таңдаңыз.",
    too_many_calls: "Әрекет тым көп. Сәл күтіп, қайталап көріңіз.",
    try_again: "Қазір болмады. Сәл кейінірек қайталап көріңіз.",
};

pub(super) const EN: Words = Words {
    language: "en",
    policy: "Personal data policy",
    confirm_title: "Confirm your address",
    confirm_text: "One step is left: confirm that this address is yours.",
    confirm_button: "Confirm",
    confirmed: "Thank you, your address is confirmed. You can sign in now.",
    reset_title: "A new password",
    reset_text: "When the password is changed, you will need to sign in again on all your devices.",
    new_password: "New password",
    reset_button: "Change the password",
    password_set: "Your password is changed. Sign in with the new one.",
    certificate_title: "Certificate check",
    genuine: "This certificate is genuine.",
    not_genuine: "There is no genuine certificate with this number: it was mistyped, or the certificate was withdrawn.",
    number: "Number",
    course: "Course",
    issued: "Issued",
    signed_as: "Name",
    not_shown: "There is no such work, or it is shown no longer.",
    sign_in_title: "Sign in",
    sign_in_text: "Sign in to see it. When the page is shown you are signed out at once: nothing stays in the browser.",
    email: "E-mail",
    password: "Password",
    sign_in_button: "Show",
    wrong_credentials: "The address or the password is wrong.",
    mine_title: "For you",
    order: "Order",
    state: "State",
    sum: "Sum",
    receipt: "Receipt number",
    paid: "paid",
    refund_pending: "the money is on its way back",
    refunded: "the money was given back",
    not_paid: "not paid",
    lessons: "Lessons completed",
    tests: "Tests passed",
    works: "Works answered",
    feedback: "Your instructor's answer",
    none_yet: "There is nothing yet.",
    refused_title: "That did not work",
    link_invalid: "This link is not valid. Ask for a new one.",
    link_expired: "This link has expired. Ask for a new one.",
    link_used: "This link was used before. Ask for a new one.",
    password_length: "The password is too short or too long. Open the link again and choose another.",
    password_weak: "This password is easy to guess. Open the link again and choose another.",
    too_many_calls: "Too many attempts. Wait a moment and try again.",
    try_again: "This did not work just now. Try again a little later.",
};

const ALL: [&Words; 3] = [&RU, &KK, &EN];

impl Words {
    /// The words that a browser prefers (RFC 9110, section 12.5.4); Russian when it says nothing that we speak.
    pub(super) fn wanted(headers: &HeaderMap) -> &'static Self {
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best: (&Self, f32) = (&RU, 0.0);
        for range in asked.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse().ok()).unwrap_or(0.0);
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let spoken = ALL.into_iter().find(|words| words.language.eq_ignore_ascii_case(primary));
            if let Some(words) = spoken.filter(|_| weight > best.1) {
                best = (words, weight);
            }
        }
        best.0
    }

    /// A typed refusal in words; `None` for one that has words of its own only.
    pub(super) fn of_reason(&self, reason: &str) -> Option<&'static str> {
        Some(match reason {
            "LINK_INVALID" => self.link_invalid,
            "LINK_EXPIRED" => self.link_expired,
            "LINK_USED" => self.link_used,
            "INVALID_PASSWORD_LENGTH" => self.password_length,
            "WEAK_PASSWORD" => self.password_weak,
            "NO_SUCH_CERTIFICATE" => self.not_genuine,
            "NO_SUCH_WORK" => self.not_shown,
            "WRONG_CREDENTIALS" => self.wrong_credentials,
            "TOO_MANY_CALLS" => self.too_many_calls,
            "BUSY" | "NOT_RUNNING" | "NOT_REACHED" | "TOO_LATE" => self.try_again,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_the_browsers_first_that_we_speak() {
        for (asked, language) in [
            ("", "ru"),
            ("de, fr;q=0.5", "ru"),
            ("kk-KZ,kk;q=0.9,ru;q=0.8", "kk"),
            ("ru;q=0.3, EN-gb;q=0.7", "en"),
            ("en;q=0", "ru"),
            ("en;q=much", "ru"),
            ("en,kk", "en"),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked))]);
            assert_eq!(Words::wanted(&headers).language, language, "{asked}");
        }
    }
}
