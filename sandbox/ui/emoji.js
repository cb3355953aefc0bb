// The emoji that are drawn. Any other stays as `:name:`.

const TABLE = `
+1 👍|-1 👎|thumbsup 👍|thumbsdown 👎|eyes 👀|white_check_mark ✅|heavy_check_mark ✔️|x ❌|heavy_multiplication_x ✖️
warning ⚠️|rotating_light 🚨|fire 🔥|red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢
large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|raised_hand ✋|hand ✋|wave 👋|pray 🙏
clap 👏|muscle 💪|tada 🎉|rocket 🚀|bust_in_silhouette 👤|busts_in_silhouette 👥|hourglass ⌛|hourglass_flowing_sand ⏳
lock 🔒|unlock 🔓|key 🔑|test_tube 🧪|zzz 💤|fast_forward ⏩|bell 🔔|no_bell 🔕|mute 🔇|mega 📣|loudspeaker 📢|pager 📟
telephone_receiver 📞|phone ☎️|calendar 📆|date 📅|alarm_clock ⏰|stopwatch ⏱️|clock1 🕐|clock3 🕒|pushpin 📌|round_pushpin 📍
ballot_box_with_check ☑️|star ⭐|heart ❤️|smile 😄|slightly_smiling_face 🙂|joy 😂|sob 😭|thinking_face 🤔|scream 😱|sweat_smile 😅
neutral_face 😐|cry 😢|heavy_plus_sign ➕|plus1 ➕|question ❓|grey_question ❔|exclamation ❗|bangbang ‼️|information_source ℹ️|ok 🆗
ok_hand 👌|point_up ☝️|point_right 👉|arrow_right ➡️|arrow_up ⬆️|arrow_down ⬇️|arrows_counterclockwise 🔄|repeat 🔁|twisted_rightwards_arrows 🔀|paperclip 📎
memo 📝|clipboard 📋|book 📖|books 📚|page_facing_up 📄|link 🔗|mag 🔍|hammer 🔨|wrench 🔧|gear ⚙️|hammer_and_wrench 🛠️
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|computer 💻|globe_with_meridians 🌐|bug 🐛
package 📦|shield 🛡️|construction 🚧|octagonal_sign 🛑|no_entry ⛔|no_entry_sign 🚫|hot_pepper 🌶️|coffee ☕|bulb 💡
speech_balloon 💬|thread 🧵|robot_face 🤖|ghost 👻|skull 💀|checkered_flag 🏁|triangular_flag_on_post 🚩|broken_heart 💔
sparkles ✨|boom 💥|dart 🎯|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|headphones 🎧|microphone 🎤|video_camera 📹
large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|new 🆕|sos 🆘
writing_hand ✍️|man-running 🏃|runner 🏃|handshake 🤝|crown 👑|helmet_with_white_cross ⛑️|ambulance 🚑|fire_engine 🚒
blue_book 📘|pencil2 ✏️|scissors ✂️|rewind ⏪|white_small_square ▫️|ladder 🪜|top 🔝|soon 🔜|back 🔙|sunny ☀️|cloud ☁️|zap ⚡|snowflake ❄️|ocean 🌊|moneybag 💰|credit_card 💳|shopping_trolley 🛒
`;

const BY_NAME = new Map(
  TABLE.trim().split(/[|\n]/).map((entry) => entry.trim().split(" ")).filter((entry) => entry.length === 2),
);

export const emoji = (name) => BY_NAME.get(name.replace(/::skin-tone-\d$/, "").toLowerCase());
export const emojiNames = () => [...BY_NAME.keys()];

/** Replace `:name:` by the emoji where it is known. */
export const withEmoji = (text) => String(text).replace(/:([a-z0-9_+'-]+):/gi, (code, name) => emoji(name) ?? code);

export const QUICK = ["white_check_mark", "eyes", "pushpin"];
