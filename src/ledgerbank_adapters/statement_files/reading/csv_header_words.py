"""What banks call the columns of their CSV files, in the languages of Europe.

Names are compared without case, accents, signs and a currency at their end: ``Betrag (€)`` is ``betrag``.
Within a role the earlier name is taken when a file has several: the day of booking before the day of value.
"""

import re
import unicodedata
from collections.abc import Mapping

from ledgerbank_domain.money.currency import KNOWN_CURRENCIES

DATE = "date"
OTHER_DATE = "other_date"
AMOUNT = "amount"
CREDIT = "credit"
DEBIT = "debit"
DIRECTION = "direction"
FEE = "fee"
DESCRIPTION = "description"
PAYEE = "payee"
REFERENCE = "reference"
ID = "id"
BALANCE = "balance"
CURRENCY = "currency"
STATE = "state"
ACCOUNT = "account"

# The lists are apart by language only for whoever reads them.
_WORDS: Mapping[str, tuple[str, ...]] = {
    DATE: (
        "booking date, booked on, posting date, posted date, post date, date posted, posted at, booked "
        "at, completed date, date completed, date completed utc, transaction completed on, processed "
        "date, entry date, accounting date",
        "buchungstag, buchungsdatum, buchung, bu tag, gebucht am",
        "date de comptabilisation, date comptable, date de comptable",
        "fecha contable, f contable",
        "data contabile, data registrazione",
        "boekdatum, boekingsdatum, uitvoeringsdatum",
        "data ksiegowania, data zaksiegowania",
        "data movimento, data mov, data do movimento, data lancamento, data contabilistica",
        "bokforingsdag, bokforingsdatum, bokford, bokfort, bokfort dato, bokforingsdato, bogforingsdato, "
        "bogfort",
        "kirjauspaiva, kirjauspvm",
        "datum zauctovani, datum provedeni, konyveles datuma, konyvelesi datum",
        "date, transaction date, trans date, tran date, txn date, date of transaction, operation date, "
        "date time, datetime, timestamp, transaction date time, created at, created, date utc, date and "
        "time",
        "datum, tag, umsatzdatum, datum buchung",
        "date operation, date d operation, date de l operation, date de transaction, date transaction",
        "fecha, fecha operacion, fecha de operacion, fecha de la operacion, f operacion, fecha movimiento",
        "data, data operazione",
        "transactiedatum",
        "data operacji, data transakcji",
        "data operacao, data da operacao, data transacao",
        "transaktionsdatum, transaktionsdag, dato, dato for transaktion, transaksjonsdato, utfort dato",
        "pvm, paivays, paivamaara, maksupaiva, arvopaiva",
        "datum transakce, datum uskutecneni, teljesites datuma, datum transakcije, data tranzactiei, "
        "data tranzactie",
    ),
    OTHER_DATE: (
        "value date, started date, date started, date started utc, effective date, transaction date, "
        "trans date",
        "valuta, valutadatum, wertstellung, wertstellungsdatum, wert, valuta datum, wertstellungstag",
        "date valeur, date de valeur, fecha valor, f valor, data valuta, rentedatum, valutadag, "
        "rantedag, data waluty",
        "data valor, rentedato, valor dato, valutadato, arvopaiva, date, datum, data operacji, "
        "transaktionsdatum",
    ),
    AMOUNT: (
        "amount, net amount, net, transaction amount, value, amount in account currency, booked amount, "
        "gross, sum, total amount",
        "betrag, umsatz, umsatzbetrag, buchungsbetrag, betrag in kontowahrung, betrag brutto",
        "montant, montant de l operation, importe, importe eur, importe de la operacion, importo, "
        "bedrag, transactiebedrag",
        "kwota, kwota operacji, kwota transakcji, kwota w walucie rachunku",
        "montante, valor, importancia, belopp, belop, belob, belob i kr, summa, maara, maara euroa",
        "castka, castka v mene uctu, objem, suma, osszeg, iznos, movimiento, movimento",
    ),
    DEBIT: (
        "debit, debits, debit amount, paid out, money out, withdrawal, withdrawals, withdrawal amount, "
        "withdrawal amt, out, amount out, amount debited, debit amt, payments out, debited, debit value",
        "belastung, belastungen, soll, lastschrift, ausgang, ausgaben, ausgabe, belastungsbetrag",
        "debit euros, debiti, debito, debitos, cargo, cargos, debe, addebiti, addebito, uscite, uscita, dare",
        "af, uit, uitgaven, debet, obciazenia, obciazenie, wydatki, wyplaty, wyplata",
        "saida, saidas, uttag, utgifter, ut, ut av konto, ut fra konto, ut pa konto, udgift, udgifter, "
        "haevet, uttak",
        "veloitus, otto, otot, terheles",
    ),
    CREDIT: (
        "credit, credits, credit amount, paid in, money in, deposit, deposits, deposit amount, deposit "
        "amt, in, amount in, amount credited, credit amt, payments in, credited, credit value",
        "gutschrift, gutschriften, haben, eingang, einnahmen, einnahme, gutschriftsbetrag",
        "credit euros, crediti, credito, creditos, abono, abonos, haber, accrediti, accredito, entrate, "
        "entrata, avere",
        "bij, inkomsten, uznania, uznanie, wplywy, wplaty, wplata",
        "entrada, entradas, insattning, insattningar, inkomster, inn, inn pa konto, indtaegt, "
        "indtaegter, indsat, innskudd",
        "hyvitys, pano, panot, jovairas",
    ),
    DIRECTION: (
        "debit credit, credit debit, dr cr, cr dr, d c, c d, dc, cd, debit or credit, credit debit "
        "indicator, debit credit indicator, direction, sign, indicator, in out, transaction direction, "
        "type, transaction type, details",
        "soll haben, s h, sh, haben soll, vorzeichen, umsatzart, af bij, bij af, debet credit, sens, "
        "segno, signo, znak, kod",
        "debet kredit, dare avere",
    ),
    FEE: ("fee, gebuhr, entgelt, frais, comision, commissione, prowizja, avgift",),
    DESCRIPTION: (
        "description, transaction description, narrative, statement narrative, details, transaction "
        "details, particulars, memo, narration, booking text, remarks, text, notes, notes and tags, "
        "original description, label",
        "verwendungszweck, vorgang verwendungszweck, buchungstext, beschreibung, buchungsdetails, "
        "umsatztext, details zahlung",
        "libelle, libelle operation, libelle de l operation, libelle complet, detail, concepto, "
        "descripcion, observaciones",
        "descrizione, descrizione operazione, causale, descrizione estesa, omschrijving, mededelingen, "
        "omschrijving 1, mededeling",
        "opis, opis operacji, opis transakcji, tytul, tytul operacji, tytulem, szczegoly",
        "descricao, descritivo, descricao do movimento, beskrivning, rubrik, tekst, forklaring, "
        "meddelande, melding, viesti, selite",
        "popis, poznamka, zprava pro prijemce, kozlemeny, opis placanja, descriere",
        "avisierungstext",
    ),
    PAYEE: (
        "payee, counter party, counterparty, counterparty name, name, merchant, merchant name, "
        "beneficiary, beneficiary name, payee name, payer, partner name, other party, description 1",
        "empfanger, auftraggeber empfanger, empfanger auftraggeber, beguenstigter zahlungspflichtiger, "
        "begunstigter, beguenstigter, name zahlungsbeteiligter, zahlungsbeteiligter, zahlungsempfanger "
        "in, zahlungsempfanger, auftraggeber begunstigter, auftraggeber, partnername, name des partners, "
        "zahlungspflichtige r",
        "contrepartie, beneficiaire, beneficiario, ordinante beneficiario, tegenpartij, naam "
        "tegenpartij, naam omschrijving",
        "nadawca odbiorca, odbiorca nadawca, odbiorca, dane kontrahenta, kontrahent, nazwa odbiorcy",
        "mottagare, avsandare, avsandare mottagare, modtager, mottaker, navn, namn, saaja, saaja "
        "maksaja, saajan nimi",
        "nazev protiuctu, protistrana, partner neve",
        "text mottagare",
    ),
    REFERENCE: (
        "reference, payment reference, transaction reference, customer reference, zahlungsreferenz, "
        "referenz, kundenreferenz",
        "referencia, riferimento, referentie, betalingskenmerk, referencja, referens, referanse, viite, "
        "referencia 1",
    ),
    ID: (
        "transaction id, id, transferwise id, transaction identifier, txn id, transaction no, unique id, "
        "external id, fitid, transaction number, transaction unique id, entry id, bank transaction id",
        "transaktions id, transaktionsid, transaktionsnummer, transaktionscode, umsatz id, transactie "
        "id, identifiant, id transaction, id transaccion, id transazione, id transakcji, id transacao, "
        "id operacji, id operazione",
        "volgnr, arkivreferanse, arkivref, arkistointitunnus, verifikationsnummer, id pohybu, id operace",
    ),
    BALANCE: (
        "balance, running balance, running bal, account balance, balance after, balance after "
        "transaction, resulting balance, ledger balance, closing balance, current balance",
        "saldo, kontostand, saldo nach buchung, saldo nach umsatz, neuer saldo, solde, solde apres operation",
        "saldo contabile, saldo progressivo, saldo na mutatie, saldo na trn, saldo na boeking, "
        "resultaatsaldo",
        "saldo po operacji, saldo po transakcji, saldo rachunku, saldo contabilistico, saldo apos movimento",
        "bokfort saldo, saldo efter, saldo efter transaktion, beholdning, saldo jalkeen, zustatek, "
        "egyenleg, stanje, sold",
    ),
    CURRENCY: (
        "currency, currency code, account currency, ccy, payment currency, transaction currency, curr, "
        "wallet currency",
        "wahrung, waehrung, kontowahrung, devise, divisa, moneda, munt, muntsoort, valuta, waluta, "
        "waluta rachunku, moeda",
        "valutakod, valutta, valuutta, mena, penznem, moneta",
    ),
    STATE: (
        "state, status, transaction status, booking status, transaction state, info, buchungsstatus, "
        "statut, estado, stato, tila, stan",
    ),
    ACCOUNT: (
        "account number, account no, account, own account, account id, account iban, product account number",
        "auftragskonto, iban auftragskonto, konto, rekening, rekeningnummer, iban bban, numer rachunku, "
        "rachunek",
        "numero de compte, compte, cuenta, numero de cuenta, conto, numero conto, konto nr, kontonr",
    ),
}

_UNACCENTED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_LETTERS = re.compile(r"[^a-z0-9]+")
_TRAILING_CURRENCY = re.compile(r"(?: in| w| en)? [a-z]{3}\Z")
_LAST_WORD = re.compile(r"(?:\A| )([a-z]{3})\Z")
_RANKS: dict[str, dict[str, int]] = {
    role: {word.strip(): rank for rank, word in enumerate(",".join(lists).split(","))}
    for role, lists in _WORDS.items()
}
_OF_MONEY = frozenset({AMOUNT, DEBIT, CREDIT, BALANCE, FEE})
_MAX_LENGTH = 80


def plain_words(text: str) -> str:
    """A header as it is compared: small letters without accents, one blank between the words."""
    folded = unicodedata.normalize("NFKD", text[:_MAX_LENGTH].casefold().translate(_UNACCENTED))
    return _LETTERS.sub(" ", "".join(part for part in folded if not unicodedata.combining(part))).strip()


def rank_as(role: str, header: str) -> int | None:
    """How well a header names a role (0 is best); None when it does not."""
    words = plain_words(header)
    ranks = _RANKS[role]
    if words in ranks:
        return ranks[words]
    if role in _OF_MONEY and currency_in(header):
        return ranks.get(_TRAILING_CURRENCY.sub("", words))
    return None


def currency_in(header: str) -> str | None:
    """The currency at the end of a header, as in ``Amount (GBP)``."""
    found = _LAST_WORD.search(plain_words(header))
    return found[1].upper() if found and found[1].upper() in KNOWN_CURRENCIES else None
