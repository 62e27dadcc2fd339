// Function words of the languages that no library has a list for: what joins, points and asks, and
// the forms of "to be". They are our own; a text index keeps the words it was made with, so a list may
// grow.

const AZERBAIJANI = `
amma ancaq arasında artıq az bəli bəzi belə bir biz bizə bizim bu buna bundan bunlar bunu bunun
bütün başqa çox çünki da daha də deyil digər edən edir elə ən əgər etdi əvvəl eyni görə hələ hamı
hansı haqqında hara harada haradan həm həmçinin heç hər idi ilə imiş indi isə ki kim kimi lakin
lazım mən mənə mənim nə necə niyə o olacaq olan olar olaraq oldu olduğu olub olur ona ondan onlar
onların onu onun öz özü qədər sən sənə sənin siz sizə sizin sonra təkcə tərəfindən üçün üzrə var və
xeyr ya yalnız yaxud yenə yox`;

const KAZAKH = `
аз алайда ана анау арасында арқылы астында әлі әр әрбір әрі бар барлық бәрі бен бір бірақ бірнеше
біз бізге біздің бізді болады болатын болған болды болса болып бойынша бұл бұның бұрын да де деген
деп дейді дейін егер еді екен емес ең енді еш ешкім ештеңе ешқандай ғана жайлы жанында және жоқ иә
ішінде кейбір кейін керек кім көп қай қайда қайсы қалай қандай қанша қарай қазір қашан маған мен
мені менің мұны мүмкін мына мынау не неге немесе неше оған ол олар оларға оларды олардың оны оның
осы осыны өз өзі өзім өзінің өйткені өте пен саған себебі секілді сен сендер сені сенің сияқты сіз
сіздер сізге сіздің сол соны сондықтан соң та тағы те тек туралы тым үстінде үшін яки`;

const TAJIK = `
агар аз акнун аммо аст ба баъд баъзе бале балки бар барои бе бисёр бо боз бояд буд буданд вай вале
ва дар дигар доир ё зери зеро ин инҳо кадом кай кам ки кӣ куҷо лекин ман мебошад мебошанд метавонад
мешавад миёни мисли мо монанди на назди не нест оид он онҳо пас паси пеш рӯи танҳо то ту ӯ фақат
ҳам ҳама ҳамин ҳамон ҳанӯз ҳар ҳаст ҳатто ҳеҷ ҳоло хеле худ худи чанд чаро чӣ чун чунин чунки чунон
ҷуз шояд шуд шудааст шудан шумо як якчанд`;

/** Hindi in Latin letters; English words stand beside them. */
const HINDI_IN_LATIN = `
aap aapka aapke aapki ab abhi agar aise aisa andar apna apne apni aur baad bahar bahut bas bhi
bohot ek fir gaya gaye gayi haan hai hain ham hamara hamare hamari hamein hi ho hoga hogi honge
hoon hu hum humara humein inka inke inki is iska iske iski isko jab jaisa jaise ji jis jiska jiske
jiski jo ka kab kahan kaisa kaise kar karke karna karta karte karti kaun ke ki kitna kitne kiya
kiye ko koi kuch kya kyu kyun kyunki lekin liye magar main mat me mein mera mere meri mujhe mujhko
na nahi nahin neeche par pe pehle phir raha rahe rahi saath sab sabhi se sirf tab tak tera tere
teri tha the thi thoda to toh tujhe tum tumhara tumhare tumhari un unhe unka unke unki unko upar us
uska uske uski usko vo wahan waisa waise wala wale wali wo woh ya yahan ye yeh zyada`;

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** By Qdrant's name of the language. */
export const OWN_STOPWORDS: Readonly<Record<string, readonly string[]>> = {
  azerbaijani: words(AZERBAIJANI),
  hinglish: words(HINDI_IN_LATIN),
  kazakh: words(KAZAKH),
  tajik: words(TAJIK),
};
