package demo

// All that is on the screens was written for this package. Nobody in it exists.

// article is a page or a document.
type article struct {
	title, address string
	paragraphs     []string // those that begin with "# " are headings
}

var pages = [...]article{
	{"Reading the tide tables", "https://almanac.example.org/tides/tables", []string{
		"A tide table is a promise about water. For each day it names four moments, two high and two low, and how far the sea will stand above the chart. Learning to read one takes an evening; trusting it takes a season.",
		"The times are those of the harbour on the cover. For a bay along the coast the almanac lists a difference, which is added to the time of the harbour. Write it on the inside of the cover, because it is never at hand when the boat is.",
		"# Springs and neaps",
		"Around the full moon and the new moon the sun pulls in line with the moon, and the range is large: these are springs. A week later they pull at right angles, the range is small, and the sandbank by the lighthouse stays under water all day.",
		"The largest springs come a day or two after the moon, not on the day itself. Water is slow, and a shallow sea is slower still.",
		"# The rule of twelfths",
		"Between low and high water the sea rises by one twelfth in the first hour, two in the second, three in the third and the fourth, two in the fifth, and one in the last. It is a rough rule, good enough to decide when to leave the mooring.",
		"Near the narrows the rule does not hold. The stream runs on for an hour after high water, and the table says nothing about streams: look at the atlas for that.",
		"# Wind and pressure",
		"A strong wind from the west piles water up in the estuary. Low pressure lifts it further, by about a hand for every ten hectopascals. On such days the table is a minimum, and the car park by the quay is no place for a car.",
		"Keep notes. After a winter of notes you know your own bay better than the almanac does, and the almanac will not be offended.",
	}},
	{"Compost in a small yard", "https://garden.example.org/guides/compost", []string{
		"Three square feet in the shade are enough for a heap that feeds six tomato plants. What matters is not the size but the mixture: one bucket of green for two buckets of brown.",
		"Green is what was alive last week: peelings, coffee grounds, grass. Brown is what was alive last year: leaves, straw, torn cardboard. A heap that smells has too much green; a heap that sleeps has too much brown.",
		"# Building the bin",
		"Four pallets and a length of wire make a bin in an hour. Leave the front open, or hang it on two hooks, so that a fork reaches the bottom. Worms find their own way in from below, so put it on bare soil.",
		"A lid keeps the rain out in November and the moisture in during July. An old door does well, and so does a square of carpet.",
		"# Turning",
		"Turn the heap when it has cooled, every three weeks in summer. Push the outside to the middle, and water it if a handful does not hold together. Steam on a cold morning is a good sign.",
		"# When it is done",
		"It is done when it smells like a forest floor and nothing in it can be named. Sieve it through a coarse mesh, give what is left to the next heap, and spread the rest two fingers deep before planting.",
		"Avocado stones, corks and the little stickers from apples will outlive us all. Pick them out.",
	}},
	{"Release notes: Lantern 2.4", "https://lantern.example.org/releases/2.4", []string{
		"Lantern measures wind, rain and light with parts that fit on one breadboard, and draws the last week on a page that loads in a blink. Version 2.4 is about stations that stand far from a socket.",
		"# What is new",
		"Stations sleep between readings and wake on rain. On a cell of two watts a station now lasts from September to April without sun. Upgrade the firmware first, then the collector: the other order works, but loses the first hour.",
		"The week view shows gaps as gaps. A line that was drawn across a night without readings looked like calm weather, which it was not.",
		"# What changed",
		"Readings are kept as integers in hundredths. Whoever exports to a spreadsheet divides by one hundred, as the header of each column says.",
		"The command to pair a station asks for the number on its label. Neighbours with the same station thank us.",
		"# What was mended",
		"A station in a valley sent its readings twice when the gateway answered late. They are counted once now, and the doubled rain of last October is corrected when the collector starts.",
		"The page no longer jumps when the font arrives. The clock of the collector may be set back by an hour in autumn without the evening of that day being lost.",
		"Thanks to everybody who sent logs, and especially to the school that left a station on its roof through a hailstorm.",
	}},
	{"Bread with a long rest", "https://kitchen.example.org/bread/long-rest", []string{
		"Flour, water, salt, and a spoon of starter: the rest is patience. Mix in the evening, bake at noon, and the kitchen is clean in between.",
		"# The evening",
		"Stir 350 grams of water into 500 grams of flour until no dry spot is left, and let it stand for half an hour. Then add ten grams of salt and fifty of starter, and fold the dough over itself, once from each side.",
		"Fold again after thirty minutes, and again after an hour. It becomes smooth without any kneading. Cover it and leave it on the cool side of the kitchen.",
		"# The morning",
		"It has doubled, and trembles when the bowl is moved. Turn it out, shape it with wet hands, and put it seam side up into a floured cloth. An hour later the oven should be as hot as it gets, with a pot inside.",
		"# Baking",
		"Twenty minutes with the lid on, then twenty without it. The crust should be darker than you dare. Listen: it crackles while it cools.",
		"Wait an hour before cutting. Nobody does.",
	}},
}

var documents = [...]article{
	{"Kestrel wind sensor: manual", "", []string{
		"The Kestrel measures the speed and the direction of wind without moving parts. This manual explains how it is mounted, wired and calibrated, and what its lamp means.",
		"# 1 Mounting",
		"Choose a mast that is at least twice as high as the nearest roof ridge. The arrow on the collar points north; a compass is good enough, provided that no steel is near. Tighten the three screws in turn, with the key that is in the box.",
		"Do not paint the sensor. Snow slides from the dome by itself, and hail does not harm it.",
		"# 2 Wiring",
		"The cable has four cores. Red is supply, from 5 to 24 volts; black is ground; green and white are the data pair. Runs longer than thirty metres need the shielded cable, whose screen is connected at one end only.",
		"# 3 Calibration",
		"Cover the dome with the cap and hold the button for five seconds. The lamp blinks twice a second while the sensor looks for its zero, and is steady when it has found it. Repeat this once a year, on a day without wind.",
		"# 4 Signals of the lamp",
		"Steady: readings are sent. One blink: no gateway answers. Two blinks: the supply is low. Three blinks: the sensor was turned upside down, which voids nothing but is seldom meant.",
		"# 5 Technical data",
		"Range 0 to 60 metres a second. Resolution 0.1. Temperature from minus 30 to plus 60 degrees. Weight 310 grams. Protection against jets of water from every side.",
	}},
	{"Shelving for the reading room", "", []string{
		"This proposal describes eleven shelves for the reading room of the library in the old customs house, their cost, and how the room stays open while they are built.",
		"# Summary",
		"Oak on steel brackets, made in the workshop next door, delivered in three parts. The room keeps twenty of its twenty-eight seats at all times. The total is 18,400 with tax, a tenth less than the budget of the spring.",
		"# Measurements",
		"The north wall is 9.40 metres long and not straight: its middle stands out by four centimetres. Shelves are therefore scribed to the wall. Their depth is 28 centimetres for books and 36 for maps.",
		"# Load",
		"A metre of books weighs 35 kilograms, a metre of bound newspapers twice that. Brackets stand every 60 centimetres and are anchored in brick, not in plaster.",
		"# Schedule",
		"Weeks one and two: timber and steel. Week three: the north wall, Monday to Wednesday, behind a curtain. Week five: the map corner. Week six: ladders, labels, and cake for those who had to whisper.",
		"# Open questions",
		"Does the radiator under the window move? Who stores the atlases meanwhile? May the hooks for coats go to the hall?",
	}},
}

// mail is a message.
type mail struct{ from, subject, text string }

var mails = [...]mail{
	{"Workshop", "Delivery of the oak boards", "Good morning,\n\nthe boards arrived and are dry enough to work with. Four have knots where the brackets go; we turn them around and use them for the lower shelves.\n\nCan somebody let us in on Thursday at eight?\n\nMany greetings\nthe workshop"},
	{"Almanac", "Your subscription was renewed", "Thank you for reading the almanac for another year.\n\nThe invoice is attached. The next printed edition appears in the first week of December and contains the tables of all eleven harbours.\n\nYour almanac"},
	{"Jonas", "Minutes of Monday", "Hello everybody,\n\nwe agreed on three things: the gateway moves to the tower, nightjar gets its own branch, and the report is due before the holidays.\n\nNobody volunteered for the cake.\n\nJonas"},
	{"Library", "Reading room: open questions", "Dear all,\n\nthe radiator stays. The atlases go to the archive, where the air is dry. About the hooks we shall talk over coffee.\n\nThe curtain is ordered in green.\n\nKind regards\nthe library"},
	{"Railway", "Your night train on Friday", "Your journey begins at 21:05 on platform 7. Two beds are reserved in carriage 302, and breakfast is served before six.\n\nPlease be there ten minutes early. Bicycles travel in the first carriage.\n\nHave a good trip"},
	{"Lin", "Figures for the station on the roof", "Hi,\n\nI compared the roof with the meadow. The roof is warmer by 0.8 degrees at night and windier by a fifth. The sheet has all of it, second tab.\n\nShall we move the sensor before the frost?\n\nLin"},
	{"Choir", "Rehearsal moved to Wednesday", "Dear singers,\n\nthe hall is taken on Tuesday. We meet on Wednesday at seven, in the room above the bakery, and begin with the second movement.\n\nBring pencils.\n\nThe choir"},
	{"Garden", "Seeds for the spring", "Hello neighbour,\n\nthe list is long this year: peas, chard, two kinds of beans, and the striped tomatoes that everybody wanted.\n\nTell me by Sunday what to order for you.\n\nGreetings over the fence"},
}

// room is a conversation.
type room struct {
	name string
	says [][2]string // who, and what
}

var rooms = [...]room{
	{"lantern", [][2]string{
		{"Lin", "morning! the roof station was quiet from two to five"},
		{"Jonas", "quiet as in no wind, or quiet as in no readings?"},
		{"Lin", "no readings. the gateway restarted itself"},
		{"Mira", "I saw that. the log says the supply dipped"},
		{"Jonas", "then it is the old adapter again"},
		{"Mira", "I ordered two new ones last week"},
		{"Lin", "you are a treasure"},
		{"Jonas", "can the page show it as a gap until then?"},
		{"Mira", "it does since 2.4, in grey with a small moon"},
		{"Lin", "lovely. and the export?"},
		{"Mira", "leaves the rows out, with a note in the header"},
		{"Jonas", "good enough for the school"},
		{"Lin", "they visit on Thursday by the way"},
		{"Jonas", "then somebody should sweep the roof"},
		{"Mira", "I bring a broom"},
		{"Lin", "and I bring the ladder"},
	}},
	{"nightjar", [][2]string{
		{"Jonas", "the branch builds again"},
		{"Mira", "what was it?"},
		{"Jonas", "a test that waited for midnight"},
		{"Lin", "in which zone?"},
		{"Jonas", "exactly"},
		{"Mira", "I read the first chapter of the plan, it is good"},
		{"Jonas", "the second is mostly questions"},
		{"Lin", "questions are fine. who answers them?"},
		{"Mira", "we do, on Wednesday, with tea"},
		{"Jonas", "I reserve the small room"},
		{"Lin", "could we listen to the recordings first?"},
		{"Mira", "three hours of birds and one of rain"},
		{"Jonas", "the rain is the best part"},
		{"Lin", "agreed"},
		{"Mira", "then rain first"},
		{"Jonas", "noted in the minutes"},
	}},
	{"kitchen", [][2]string{
		{"Lin", "who took the large bowl?"},
		{"Jonas", "it rests. so does the dough in it"},
		{"Lin", "until when?"},
		{"Jonas", "noon tomorrow"},
		{"Mira", "there is a second bowl behind the kettle"},
		{"Lin", "found it, thank you"},
		{"Jonas", "soup today?"},
		{"Mira", "pumpkin, with the seeds roasted"},
		{"Lin", "I have bread from yesterday"},
		{"Jonas", "and I have none until noon tomorrow"},
		{"Mira", "half past twelve then"},
		{"Lin", "see you at the long table"},
		{"Jonas", "somebody left a window open"},
		{"Mira", "that was the steam"},
		{"Lin", "the plants like it"},
		{"Jonas", "the crumbs do not"},
	}},
}
