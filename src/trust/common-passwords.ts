/**
 * What is tried first: the commonest passwords and the words they are made of, commonest first. Far shorter than the
 * lists of those who guess for a living, so nothing that is missing here is thereby good.
 */
export const commonPasswords: readonly string[] = `
123456 password 123456789 12345678 qwerty 12345 111111 1234567 123123 abc123 password1 admin welcome letmein
1234567890 000000 iloveyou qwerty123 monkey dragon 1q2w3e4r passwort hallo secret geheim master football baseball
sunshine princess login starwars freedom whatever trustno1 superman batman shadow michael jordan hunter2 hunter killer
changeme default root toor administrator test test123 guest user demo temp pass p@ssw0rd zaq12wsx 1qaz2wsx qazwsx
access flower hello charlie summer winter spring autumn sommer fruehling herbst sonne liebe schatz berlin hamburg
muenchen frankfurt fussball bayern schalke daniel thomas andreas alexander stefan martin sabine nicole jennifer jessica
ashley amanda george harley ranger buster soccer hockey tigger andrew joshua pepper cheese computer internet server
windows linux debian ubuntu microsoft google apple samsung office company firma january february march april may june
july august september october november december januar februar maerz mai juni juli oktober dezember monday friday
montag freitag sunday sonntag london paris boston chicago dallas texas america england france germany deutschland
austria schweiz europa deploy deployment install setup bootwright boot sccm mdt osd image imaging domain join lab
correcthorsebatterystaple love money happy lucky angel blue green black white red silver gold orange purple
`
  .trim()
  .split(/\s+/);
