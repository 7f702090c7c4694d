"""The questions of notebook 07."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    # Notebooks 05 and 06 again
    "recall-rows-of-a-film": ShapeQuestion(
        label="Recall",
        text=(
            "A film lasts 2.5 seconds. We take 4 frames of each second, and a network makes 1280 numbers of "
            "each frame. What is the shape of the features?"
        ),
        answer=(10, 1280),
        why="2.5 s x 4 frames in a second are 10 rows, of D = 1280 numbers each (notebook 05).",
        because={
            (1280, 10): "Time comes first: one row for each frame.",
            (4, 1280): "Those are the rows of one second. The film lasts 2.5.",
            (1280,): "That would be one row for the whole film. Nothing has been averaged yet.",
        },
    ),
    "recall-other-films": ChoiceQuestion(
        label="Recall",
        text=(
            "In notebook 06 the GRU was right on most clips that it was trained on, and at chance on other "
            "films. Which number tells a user how good it is?"
        ),
        options={
            "that on other films": "A user brings new films, and these are the nearest to them.",
            "that on the training clips": "A model can learn these by heart.",
            "the mean of both": "Half of this mean says how well the model remembers.",
        },
        answer="that on other films",
    ),
    # The films
    "what-a-shot-tells": ChoiceQuestion(
        label="Check yourself",
        text=(
            "Each of the seven shots is the background of three people: one jumps, one squats, one waves. "
            "You are told the shot of a film, and nothing else. What do you know about its movement?"
        ),
        options={
            "nothing": "All three movements are equally frequent in each shot.",
            "the movement": "Three people stand before this shot, and each does another movement.",
            "it is one of two": "All three movements occur in each shot.",
        },
        answer="nothing",
    ),
    # From films to rows
    "batch-with-padding": ShapeQuestion(
        text=(
            "Three films have 6, 10 and 8 rows of 1280 numbers. To go through a network together they become "
            "one tensor: zeros fill up the shorter films. What is the shape?"
        ),
        answer=(3, 10, 1280),
        why="Three films, as many rows as the longest has, and 1280 numbers in each.",
        because={
            (3, 24, 1280): "The films are not put behind each other: each has a place of its own.",
            (24, 1280): "That puts the films behind each other. A batch has an axis for the films.",
            (3, 6, 1280): "Cutting to the shortest would lose rows.",
            (3, 8, 1280): "The longest film has 10 rows, and none of them is lost.",
        },
    ),
    # Split by film
    "accuracy-split-by-film": ChoiceQuestion(
        text=(
            "We put the films into five parts at random. Each part is tested with a classifier that was "
            "trained on the other four. Chance is 33 %. How many of the films get the right answer?"
        ),
        options={
            "about 40 %": "That is near chance. The classifier has learnt four fifths of the films.",
            "about 65 %": "It is more. Ask yourself what else two films of one person share.",
            "more than 90 %": "Nearly every film has another one of the same person in the training set.",
        },
        answer="more than 90 %",
        between=(90, 100.1),
    ),
    # Split by person
    "accuracy-split-by-person": ChoiceQuestion(
        text=(
            "Now all films of a person lie in one part. So nobody is on both sides. All else is equal. How "
            "many are right?"
        ),
        options={
            "about 50 %, or less": "It recognised people and places. That fails with others elsewhere.",
            "about 75 %": "Less is left. It learnt whom it has seen do what, and hardly the movement.",
            "more than 90 %": "Then it would have learnt the movement. It learnt whom it has seen do what.",
        },
        answer="about 50 %, or less",
        between=(36, 56),
    ),
    # What does it look at?
    "without-the-people": ChoiceQuestion(
        text=(
            "We make the same films again and leave the people out. Only the background is left. A new "
            "classifier learns from these, split by film. How often does it name the movement of the person "
            "who is not there?"
        ),
        options={
            "at chance": "It would be so if places told nothing. But each place belongs to one person.",
            "half of the time": "It is more: each place belongs to one person, who does one movement.",
            "more than 80 %": "Each place belongs to one person, and each person does one movement.",
        },
        answer="more than 80 %",
        between=(80, 100.1),
    ),
    "below-chance": ChoiceQuestion(
        label="Check yourself",
        text=(
            "On new people, the classifier of the backgrounds is below chance. Each shot is the background "
            "of three people. Why is the classifier worse than guessing?"
        ),
        options={
            "the others there move otherwise": "It was trained on this shot with the two wrong answers.",
            "it has too few films": "Too few films bring it down to chance, but not below.",
            "new people move faster": "There are no people in these films.",
        },
        answer="the others there move otherwise",
    ),
    # How sure are we?
    "wilson-by-hand": NumberQuestion(
        label="By hand",
        text="6 of 12 answers are right, and z = 2. What is the lower end of the interval, in percent?",
        answer=25,
        unit="%",
        tolerance=0.01,
        why="0.5 + 4/24 = 2/3. The root is sqrt(1/48 + 1/144) = 1/6. (2/3 - 2/6) / (1 + 4/12) = 1/4.",
        because={
            33.3: "Divide by 1 + z^2 / n = 4/3 at the end.",
            75: "That is the upper end.",
            21.1: "That is the simple interval, p - z sqrt(p (1 - p) / n). Wilson's has more terms.",
            50: "That is the measured share. The interval reaches below it.",
        },
    ),
    "films-or-people": ChoiceQuestion(
        text=(
            "There are 63 films of 21 people. We compute the interval twice, once with n = 63 and once with "
            "n = 21. Which one is wider?"
        ),
        options={
            "that of 21 people": "Fewer independent answers tell less.",
            "that of 63 films": "More answers make an interval narrower.",
            "both are equal": "The share is the same, but n stands in the formula.",
        },
        answer="that of 21 people",
        between=(0.01, 1),
    ),
    # Baselines
    "most-frequent-class": ChoiceQuestion(
        text=(
            "There are 21 films of each movement. A model always says the class that is most frequent among "
            "its training films. Split by person, how often is it right?"
        ),
        options={
            "less than 33 %": "What is frequent among the training films is rare among the tested ones.",
            "33 %": "So it would be if each part had equally many films of each class.",
            "more than 33 %": "It would need to know the films that are tested.",
        },
        answer="less than 33 %",
        between=(-1, 33),
    ),
    # Look at what changes
    "mean-or-changes": ChoiceQuestion(
        text=(
            "The second way to sum up the rows of a film: how much does each number change from row to row, "
            "on average? Which of the two is better on new people?"
        ),
        options={
            "the mean": "It says what is to be seen, and most of that is the background.",
            "the changes": "A background that stays the same drops out; what moves is left.",
            "both are equal": "The mean holds the background, the changes hold little of it.",
        },
        answer="the changes",
        between=(5, 60),
    ),
    # Everybody does everything
    "balanced-films": ChoiceQuestion(
        text=(
            "Now each of the 21 people does each movement once, at the same place. Again 63 films, the same "
            "network, the mean over time, split by person. How many are right?"
        ),
        options={
            "about 50 %, or less": "That was with one movement for each person.",
            "about 65 %": "That was the changes, on the first films. It is more.",
            "more than 75 %": (
                "No person and no place belongs to a movement, so only the movement can be learnt."
            ),
        },
        answer="more than 75 %",
        between=(75, 95),
    ),
    "balanced-by-film": ChoiceQuestion(
        text="The same films, but split by film. Compared with the split by person, the accuracy is ...",
        options={
            "higher": "So it was before. But now the other two films of a person show other movements.",
            "equal": "The two other films of a person are among the training films, and they mislead.",
            "lower": "The films that look most alike, of the same person, now have other labels.",
        },
        answer="lower",
        between=(-60, -3),
    ),
    # Models that read row after row
    "mean-of-real-rows": NumberQuestion(
        label="By hand",
        text=(
            "A film has two rows of one number each: 2 and 6. In a batch it is padded with zeros to five "
            "rows. What must a model that averages over time compute?"
        ),
        answer=4,
        tolerance=0.01,
        why="(2 + 6) / 2. The padding is no part of the film.",
        because={
            1.6: "That is the mean over all five rows. The longer the other films, the smaller it gets.",
            8: "That is the sum. Divide by the number of real rows.",
        },
    ),
    "weakest-of-few-films": ChoiceQuestion(
        text=(
            "A GRU and a convolution over three neighbouring rows learn from the films in which everybody "
            "does everything. Beside them is the logistic regression on the changes. Which of the three is "
            "the weakest on new people?"
        ),
        options={
            "the GRU": "It must learn what to keep in its state, and 50 films may be too few for that.",
            "the convolution": "It averages over time, and so it need not learn when something happens.",
            "the regression": "It has the fewest weights, and a strong cost on large ones.",
        },
        answer="the GRU",
    ),
    # More films?
    "from-12-films-to-50": ChoiceQuestion(
        text=(
            "The regression on the mean learns from 12 films, then from 24, 38 and 50. By how many points "
            "does the accuracy on new people grow in all?"
        ),
        options={
            "less than 5": "So it would be if more people brought nothing new.",
            "5 to 15": "It is more. Each further person shows a movement in another place.",
            "more than 15": "Each further person shows a movement in another place and other clothes.",
        },
        answer="more than 15",
        between=(15, 70),
    ),
    # Your own films
    "five-people-all-right": NumberQuestion(
        label="Check yourself",
        text=(
            "You film 5 people. All answers are correct, split by person. Where does the interval for "
            "n = 5 begin, in percent? Here p = 1 and z = 1.96."
        ),
        answer=56.6,
        unit="%",
        tolerance=0.03,
        why="With p = 1 the formula is 1 / (1 + z^2 / n) = 1 / (1 + 3.84 / 5).",
        because={
            100: "The simple interval says so: p (1 - p) is 0. Wilson's does not.",
            95: "That is the level of the interval.",
        },
    ),
}
